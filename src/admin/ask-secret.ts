import { isNativeError } from 'node:util/types';
import { AdminError, AdminExit } from './admin-error.js';

/** Asks on the terminal for what must not be seen. Throws AdminError where there is no terminal, naming the variable to set. */
export async function askSecret(message: string, variable: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new AdminError(AdminExit.usage, `There is no terminal to ask for "${message}": set ${variable}.`);
  }
  const { default: password } = await import('@inquirer/password');
  try {
    return await password({ message }, { output: process.stderr });
  } catch (error) {
    if (isNativeError(error) && error.name === 'ExitPromptError') {
      throw new AdminError(AdminExit.interrupted, 'Nothing was given.');
    }
    throw error;
  }
}

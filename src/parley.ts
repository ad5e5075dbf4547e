/** The `parley` command: what voice clients do, and what operators do. The entry, like `main.ts` for the server. */
import { Command, CommanderError } from 'commander';
import { addAdminCommands } from './admin/admin-commands.js';
import { AdminExit, toAdminError } from './admin/admin-error.js';
import { addClientCommands } from './client/client-commands.js';
import { ExitCode, toCommandError } from './client/command-error.js';
import { VERSION } from './version.js';

process.exitCode = await run(process.argv.slice(2));

async function run(args: readonly string[]): Promise<number> {
  let exitCode: number = ExitCode.done;
  const finish = (code: number) => {
    exitCode = code;
  };
  const root = new Command('parley').description('Talk on a Parley server, and operate one.').version(VERSION);
  addClientCommands(root, { version: VERSION, password: process.env.PARLEY_PASSWORD, finish });
  addAdminCommands(root, { environment: process.env, workingFolder: process.cwd(), finish });
  quietly(root);
  try {
    await root.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has written its message, and the help is no error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.done : AdminExit.usage;
    const { message, exitCode: code } = toAdminError(error) ?? toCommandError(error);
    process.stderr.write(`parley: ${message}\n`);
    return code;
  }
}

/** Lets no command end the process by itself. */
function quietly(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) quietly(child);
}

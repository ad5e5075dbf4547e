/** `parley admin migrations`. */
import { AdminExit } from './admin-error.js';
import type { AdminOutput } from './admin-output.js';
import type { DirectServer } from './direct-server.js';

/** Prints the SQL that the next start would run. Changes nothing. */
export async function showMigrations({ database }: DirectServer, output: AdminOutput): Promise<AdminExit> {
  const pending = await database.pendingSql();
  const parts = pending.map(({ name, statements }) => `-- ${name}\n${statements.join('\n')}`);
  output.result({ pending }, parts.length === 0 ? '-- Nothing is missing.' : parts.join('\n\n'));
  return AdminExit.done;
}

/** Applies what is missing, all or nothing, as the server does at its start. */
export async function applyMigrations({ database }: DirectServer, output: AdminOutput): Promise<AdminExit> {
  const applied = await database.migrate();
  output.result({ applied }, applied.length === 0 ? 'Nothing is missing.' : `Applied ${applied.join(', ')}.`);
  return AdminExit.done;
}

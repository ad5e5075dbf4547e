import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';

const DUMP = fileURLToPath(new URL('./murmur-1.3.4.sql', import.meta.url));

/** Makes the database of Debian's server in the folder, changed by these statements, and returns its file. */
export function murmurDatabase(folder: string, name: string, statements = ''): string {
  const file = join(folder, `${name}.sqlite`);
  const database = new DatabaseSync(file);
  database.exec(readFileSync(DUMP, 'utf8'));
  database.exec(statements);
  database.close();
  return file;
}

import { readdir, readFile, readlink, stat } from 'node:fs/promises';

export interface ClusterProcess {
  readonly pid: number;
  readonly isPostmaster: boolean;
  readonly uid: number;
}

/** The living processes of PostgreSQL that work below a folder: what is looked at is where they stand. */
export async function processesOf(folder: string): Promise<readonly ClusterProcess[]> {
  const found: ClusterProcess[] = [];
  for (const name of await readdir('/proc')) {
    const standsIn = await readlink(`/proc/${name}/cwd`).catch(() => '');
    if (!standsIn.startsWith(`${folder}/`)) continue;
    const commandLine = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (commandLine === '') continue;
    // It may have ended since.
    const state = await stat(`/proc/${name}`).catch(() => undefined);
    if (state === undefined) continue;
    found.push({ pid: Number(name), isPostmaster: commandLine.includes('\0-D\0'), uid: state.uid });
  }
  return found;
}

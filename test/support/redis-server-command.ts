import { installPackages, isProgramThere } from './debian-packages.js';

/** The command of a Redis server. Installs Debian's by apt-get where there is none and the process is root's. Throws with one line on how to get it otherwise. */
export async function redisServerCommand(): Promise<string> {
  if (await isProgramThere('redis-server')) return 'redis-server';
  const failure = await installPackages(['redis-server']);
  if (await isProgramThere('redis-server')) return 'redis-server';
  const why = failure ?? 'it was installed, but is not there';
  throw new Error(`The tests of Redis need a server: run "apt-get install redis-server" as root (${why}).`);
}

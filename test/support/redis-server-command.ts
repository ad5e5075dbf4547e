import { debianProgram } from './debian-program.js';

/** The command of a Redis server. Throws with one line on how to get it. */
export function redisServerCommand(): Promise<string> {
  return debianProgram({ command: 'redis-server', versionFlag: '--version', packageName: 'redis-server' });
}

import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/** A program and its arguments. */
export type Command = readonly [string, ...string[]];

/**
 * Starts a process on one processor, or on any where `cpu` is -1, and gives it precedence over all that others run on
 * the machine, where this user may do so: Linux shares a processor among sessions first, so it gets one of its own.
 */
export function spawnMeasured(command: Command, cpu: number, options: SpawnOptions): ChildProcess {
  const pin: Command | [] = cpu >= 0 ? ['taskset', '-c', String(cpu)] : [];
  const [program = command[0], ...args] = [...pin, ...command];
  const child = spawn(program, args, { ...options, detached: true });
  try {
    writeFileSync(`/proc/${child.pid}/autogroup`, '-20');
  } catch {
    // It is measured all the same; what else runs then shows in the table.
  }
  return child;
}

/** True where processes can be kept to one processor. */
export function canPin(): boolean {
  return spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;
}

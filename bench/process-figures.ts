import { readdirSync, readFileSync } from 'node:fs';

const BYTES_PER_KB = 1024;

/** How a process is doing, as Linux tells. */
export interface ProcessFigures {
  readonly residentMb: number;
  readonly fileDescriptors: number;
  readonly threads: number;
}

export function processFigures(pid: number): ProcessFigures {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const figure = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN);
  return {
    residentMb: (figure('VmRSS') * BYTES_PER_KB) / 1e6,
    fileDescriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: figure('Threads'),
  };
}

/** How many datagrams the kernel has dropped at the sockets that are connected to this UDP port, because nobody read them in time. */
export function droppedAtPeers(port: number): number {
  const sockets = readFileSync('/proc/net/udp', 'utf8').trim().split('\n').slice(1);
  return sockets.reduce((sum, line) => {
    const fields = line.trim().split(/\s+/);
    const isPeer = Number.parseInt(fields[2]?.split(':')[1] ?? '', 16) === port;
    return isPeer ? sum + Number(fields.at(-1)) : sum;
  }, 0);
}

/** The process and all that it started, as long as they live. */
export function processTree(pid: number): number[] {
  const children = tasksOf(pid).flatMap((task) => {
    const listed = readOfLiving(`/proc/${pid}/task/${task}/children`);
    return listed
      .split(' ')
      .filter((child) => child !== '')
      .map(Number);
  });
  return [pid, ...children.flatMap(processTree)];
}

/** Memory of all of them in MB, what they share counted once. */
export function memoryMb(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) => {
    const [, pss = '0'] = /^Pss:\s+(\d+)/m.exec(readOfLiving(`/proc/${pid}/smaps_rollup`)) ?? [];
    return Number(pss);
  });
  return (kilobytes.reduce((sum, each) => sum + each, 0) * BYTES_PER_KB) / 1e6;
}

/** CPU time of each of those that live, all threads since they began, in milliseconds. */
export function cpuMs(pids: readonly number[]): ReadonlyMap<number, number> {
  return new Map(
    pids.map((pid) => {
      const ran = tasksOf(pid).map((task) => Number(readOfLiving(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0]));
      return [pid, ran.reduce((sum, each) => sum + each, 0) / 1e6];
    }),
  );
}

function tasksOf(pid: number): string[] {
  return ifAlive([], () => readdirSync(`/proc/${pid}/task`));
}

function readOfLiving(path: string): string {
  return ifAlive('', () => readFileSync(path, 'utf8'));
}

/** A database starts and ends processes as it likes, also between two looks: what has ended has nothing. */
function ifAlive<Value>(nothing: Value, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return nothing;
    throw error;
  }
}

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

/** The process and all that it started, as long as they live. */
export function processTree(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) => {
    const listed = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8');
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
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? Number.NaN);
  });
  return (kilobytes.reduce((sum, each) => sum + each, 0) * BYTES_PER_KB) / 1e6;
}

/** CPU time of all threads of all of them since they began, in milliseconds. */
export function cpuMs(pids: readonly number[]): number {
  const nanoseconds = pids.flatMap((pid) =>
    readdirSync(`/proc/${pid}/task`).map((task) => {
      const [ran = '0'] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ');
      return Number(ran);
    }),
  );
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6;
}

import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { eventually } from '../test/support/eventually.js';
import { AppError } from './errors.js';
import { RepeatedTask } from './repeated-task.js';

describe('a repeated task', () => {
  it('runs once for all who ask in one turn', async () => {
    const { task, runs } = countingTask();
    await Promise.all([task.run(), task.run(), task.run()]);
    expect(runs()).toBe(1);
  });

  it('runs again for who asks while it runs, and never twice at once', async () => {
    const log: string[] = [];
    const task = new RepeatedTask(async () => {
      log.push('begin');
      await new Promise((resolve) => setTimeout(resolve, 5));
      log.push('end');
    }, silent());
    const first = task.run();
    await eventually(() => log.length === 1);
    const [second, third] = [task.run(), task.run()];
    await first;
    expect(log).toEqual(['begin', 'end']);
    await Promise.all([second, third]);
    expect(log).toEqual(['begin', 'end', 'begin', 'end']);
  });

  it('tells each failure to who asked for that run, and runs again for the next', async () => {
    let failures = 1;
    const task = new RepeatedTask(async () => {
      failures -= 1;
      if (failures >= 0) throw new AppError('UNAVAILABLE', 'The database is away.');
    }, silent());
    await expect(task.run()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(task.run()).resolves.toBeUndefined();
  });

  it('is repeated until it succeeds, and the log is told of the first failure and of the end', async () => {
    const lines: { msg: string }[] = [];
    let runs = 0;
    const task = new RepeatedTask(
      async () => {
        runs += 1;
        if (runs < 3) throw new AppError('UNAVAILABLE', 'The database is away.');
      },
      pino({}, { write: (line: string) => lines.push(JSON.parse(line)) }),
    );
    task.runUntilDone();
    await eventually(() => lines.length === 2);
    expect(runs).toBe(3);
    expect(lines.map(({ msg }) => msg)).toEqual([
      'voice goes on with what it last knew',
      'voice follows the database again',
    ]);
    task.stop();
  });

  it('is not repeated once it is stopped', async () => {
    const { task, runs } = countingTask(new Error('always'));
    task.runUntilDone();
    await eventually(() => runs() === 1);
    task.stop();
    await task.run().catch(() => undefined);
    expect(runs()).toBe(2);
  });
});

function countingTask(failure?: Error) {
  let count = 0;
  const task = new RepeatedTask(async () => {
    count += 1;
    if (failure !== undefined) throw failure;
  }, silent());
  return { task, runs: () => count };
}

function silent() {
  return pino({ level: 'silent' });
}

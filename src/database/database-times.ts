import { Histogram } from 'prom-client';
import { AppError } from '../errors.js';

/** How the database was asked: one read, or a change with all that belongs to its transaction. */
export type DatabaseWork = 'read' | 'write';

/** From 1 ms, which a read takes on the same machine, to the time after which a statement is given up. */
const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** How long the database takes, as a metric. A wait for a free connection counts too. */
export class DatabaseTimes {
  readonly histogram = new Histogram({
    name: 'parley_database_duration_seconds',
    help: 'How long reads and changes of the database took, with the wait for a connection. Refusals are answers.',
    labelNames: ['work', 'outcome'],
    buckets: BUCKETS_S,
    registers: [],
  });

  /** Runs `work` and notes how long it took. Throws what it throws. */
  async measure<Result>(kind: DatabaseWork, work: () => Promise<Result>): Promise<Result> {
    const end = this.histogram.startTimer({ work: kind });
    let outcome = 'answered';
    try {
      return await work();
    } catch (error) {
      if (error instanceof AppError && error.code === 'UNAVAILABLE') outcome = 'unavailable';
      throw error;
    } finally {
      end({ outcome });
    }
  }
}

import { jest } from '@jest/globals';
import { Client } from 'pg';

/** Counts the statements that this process sends to PostgreSQL. */
export class StatementCount {
  readonly #query = jest.spyOn(Client.prototype, 'query');

  /** How many statements `work` sends, and what it gives. Nothing else may run at the same time. */
  async of<Result>(work: () => Promise<Result>): Promise<{ readonly statements: number; readonly result: Result }> {
    const before = this.#query.mock.calls.length;
    const result = await work();
    return { statements: this.#query.mock.calls.length - before, result };
  }
}

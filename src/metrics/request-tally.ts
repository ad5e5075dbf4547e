import type { RequestHandler } from 'express';
import { Counter, Histogram, type Metric } from 'prom-client';
import { ERROR_CODES, type ErrorCode } from '../errors.js';
import { RequestNote } from '../http/request-note.js';
import type { OrganizationId } from '../ids.js';

/** The doors whose requests are counted. */
export type CountedDoor = 'graphql' | 'rest';

/** What became of requests since the start: each is counted once. */
export interface RequestTotals {
  /** Done. */
  readonly answered: number;
  /** Not done, or not all of it: it may not or cannot be. */
  readonly refused: number;
  /** Not done because a dependency was down. */
  readonly unavailable: number;
  /** Not done because of a bug. */
  readonly failed: number;
}

export type RequestOutcome = keyof RequestTotals;

export const NO_REQUESTS: RequestTotals = { answered: 0, refused: 0, unavailable: 0, failed: 0 };

/** From 1 ms to the time after which nobody waits any more. */
const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Counts the requests of GraphQL and REST: by door, and by the organization of who asked. */
export class RequestTally {
  readonly #requests = new Counter({
    name: 'parley_requests_total',
    help: 'Requests of GraphQL and REST: answered, refused, unavailable (a dependency was down), failed (a bug).',
    labelNames: ['door', 'outcome'],
    registers: [],
  });
  readonly #errors = new Counter({
    name: 'parley_request_errors_total',
    help: 'Requests that were not done, or not all of them, by the code of the error.',
    labelNames: ['door', 'code'],
    registers: [],
  });
  readonly #durations = new Histogram({
    name: 'parley_request_duration_seconds',
    help: 'From the headers of a request to the end of its answer.',
    labelNames: ['door'],
    buckets: BUCKETS_S,
    registers: [],
  });
  readonly #byOrganization = new Map<OrganizationId, RequestTotals>();

  /** What Prometheus is shown, for all organizations together. */
  get metrics(): readonly Metric[] {
    return [this.#requests, this.#errors, this.#durations];
  }

  /** Counts every request that passes when it is over. To be used before all else that answers. */
  counting(door: CountedDoor): RequestHandler {
    return (_request, response, next) => {
      const note = new RequestNote();
      response.locals.note = note;
      const end = this.#durations.startTimer({ door });
      response.once('close', () => {
        end();
        this.count(door, note);
      });
      next();
    };
  }

  count(door: CountedDoor, { organizationId, code }: Pick<RequestNote, 'organizationId' | 'code'>): void {
    const outcome = outcomeOf(code);
    this.#requests.inc({ door, outcome });
    if (code !== null) this.#errors.inc({ door, code });
    if (organizationId === null) return;
    const totals = this.#byOrganization.get(organizationId) ?? NO_REQUESTS;
    this.#byOrganization.set(organizationId, { ...totals, [outcome]: totals[outcome] + 1 });
  }

  /** Of the organizations of which anybody has asked. */
  ofOrganizations(): ReadonlyMap<OrganizationId, RequestTotals> {
    return this.#byOrganization;
  }

  /** The organization was deleted. */
  forget(id: OrganizationId): void {
    this.#byOrganization.delete(id);
  }
}

function outcomeOf(code: ErrorCode | null): RequestOutcome {
  if (code === null) return 'answered';
  switch (ERROR_CODES[code].kind) {
    case 'refusal':
      return 'refused';
    case 'fault':
      return 'unavailable';
    case 'bug':
      return 'failed';
  }
}

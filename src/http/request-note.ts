import type { Response } from 'express';
import { ERROR_CODES, type ErrorCode } from '../errors.js';
import type { OrganizationId } from '../ids.js';
import type { Actor } from '../request-context.js';

/** What is known of a request when it is over, for whoever counts requests. */
export class RequestNote {
  #organizationId: OrganizationId | null = null;
  #code: ErrorCode | null = null;

  /** The organization of who asked; null for nobody and for the platform's own users. */
  get organizationId(): OrganizationId | null {
    return this.#organizationId;
  }

  /** Why it was not done, or not all of it; null where it was. */
  get code(): ErrorCode | null {
    return this.#code;
  }

  askedBy(actor: Actor): void {
    if (actor.kind === 'user') this.#organizationId = actor.organizationId;
  }

  /** Of several reasons the one stays that says most of the server: a bug before a fault before a refusal. */
  failedBy(code: ErrorCode): void {
    if (this.#code === null || weightOf(code) > weightOf(this.#code)) this.#code = code;
  }
}

/** The note of the request that this answers; one that nobody reads where requests are not counted. */
export function noteOf({ locals }: Response): RequestNote {
  return locals.note instanceof RequestNote ? locals.note : new RequestNote();
}

function weightOf(code: ErrorCode): number {
  return { refusal: 0, fault: 1, bug: 2 }[ERROR_CODES[code].kind];
}

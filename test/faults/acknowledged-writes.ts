import { eventually } from '../support/eventually.js';
import { ask } from '../support/test-server.js';
import type { FaultWorld } from './fault-world.js';
import { type Attempt, RepeatedAttempts } from './repeated-attempts.js';

const CREATE = `mutation ($input: CreateRoleInput!) { createRole(input: $input) { role { id } errors { code } } }`;
const PAUSE_MS = 30;

interface Created {
  readonly createRole: { readonly role: { readonly id: string } | null } | null;
}

/** Somebody who writes on and on by GraphQL, and remembers what was acknowledged. */
export class AcknowledgedWrites {
  readonly #world: FaultWorld;
  readonly #attempts: RepeatedAttempts;
  readonly #acknowledged: string[] = [];
  #number = 0;
  #taken = 0;

  constructor(world: FaultWorld) {
    this.#world = world;
    this.#attempts = new RepeatedAttempts(() => this.#write(), PAUSE_MS);
  }

  /** How many were acknowledged. */
  get count(): number {
    return this.#acknowledged.length;
  }

  /** Waits for so many more. */
  async untilMore(count: number): Promise<void> {
    const target = this.count + count;
    await eventually(() => this.count >= target);
  }

  /** The attempts that have ended since this was last called. */
  take(): readonly Attempt[] {
    const taken = this.#attempts.attempts.slice(this.#taken);
    this.#taken += taken.length;
    return taken;
  }

  async stop(): Promise<void> {
    await this.#attempts.stop();
  }

  /** What was acknowledged and is not there. */
  async lost(): Promise<readonly string[]> {
    const rows = await this.#world.postgres.query<{ readonly name: string }>(
      `select name from roles where name like 'write %'`,
    );
    const kept = new Set(rows.map(({ name }) => name));
    return this.#acknowledged.filter((name) => !kept.has(name));
  }

  async #write(): Promise<string> {
    const { node, town, adminToken } = this.#world;
    this.#number += 1;
    const name = `write ${this.#number}`;
    const input = { organizationId: town.organizationId, name, permissions: [] };
    const { data, errors } = await ask<Created, unknown>(node.url, CREATE, { input }, adminToken);
    const [error] = errors;
    if (error !== undefined) return error.extensions.code;
    if (!data?.createRole?.role) return 'refused';
    this.#acknowledged.push(name);
    return 'done';
  }
}

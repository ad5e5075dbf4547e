import { type OptionalProps, type PrimaryKeyProp } from '@mikro-orm/core';
import { Entity, Index, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import type { UserId } from '../ids.js';

/** Remembers which object a creation made, so that the same request again gives the same object. */
@Entity({ tableName: 'idempotency_keys' })
@Index({ properties: ['createdAt'] })
export class IdempotencyKey {
  declare [OptionalProps]?: 'createdAt';
  declare [PrimaryKeyProp]?: ['actorId', 'key'];

  /** Keys of different actors have nothing to do with each other. 0 for the server itself. */
  @PrimaryKey({ type: 'integer', fieldName: 'actor_id' })
  declare actorId: UserId;

  /** Chosen by the caller. */
  @PrimaryKey({ type: 'string', length: 128 })
  declare key: string;

  /** What was asked for: `createChannel`. */
  @Property({ type: 'string', length: 64 })
  declare operation: string;

  /** SHA-256 of what was asked for, without secrets, hexadecimal. */
  @Property({ type: 'string', length: 64, fieldName: 'request_hash' })
  declare requestHash: string;

  /** The id of the object that was made. */
  @Property({ type: 'integer', fieldName: 'result_id' })
  declare resultId: number;

  @Property({ columnType: 'timestamp', type: 'datetime', fieldName: 'created_at', defaultRaw: 'now()' })
  declare createdAt: Date;
}

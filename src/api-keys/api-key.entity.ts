import { type OptionalProps } from '@mikro-orm/core';
import { Entity, Index, ManyToOne, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { ApiKeyScopeType } from '../graphql/api-key-scope-enum.js';
import type { ApiKeyId, UserId } from '../ids.js';
import type { ApiKeyScope } from '../request-context.js';
import { User } from '../users/user.entity.js';

/** A long-lived secret with which a tool acts as its user, within its scopes. */
@ObjectType({
  description: 'A long-lived secret with which a tool acts as its user, within its scopes.',
  simpleResolvers: true,
})
@Entity({ tableName: 'api_keys' })
export class ApiKey {
  declare [OptionalProps]?: 'createdAt';

  @Field(() => ID, { description: 'The number of the key. The key itself is told once, when it is made.' })
  @PrimaryKey({ type: 'integer', autoincrement: true })
  declare id: ApiKeyId;

  @ManyToOne(() => User, { mapToPk: true, fieldName: 'user_id', updateRule: 'no action', deleteRule: 'cascade' })
  @Index()
  declare userId: UserId;

  /** What it is for, in the words of whoever made it. */
  @Field(() => String, { description: 'What it is for.' })
  @Property({ type: 'string', length: 64 })
  declare name: string;

  /** SHA-256 of the key, hexadecimal: the key itself is random and is not kept. */
  @Property({ type: 'string', length: 64, fieldName: 'key_hash', hidden: true })
  @Unique()
  declare keyHash: string;

  /** The beginning of the key, by which a person knows it again. */
  @Field(() => String, { description: 'The beginning of the key, by which a person knows it again.' })
  @Property({ type: 'string', length: 16, fieldName: 'key_prefix' })
  declare keyPrefix: string;

  @Field(() => [ApiKeyScopeType], { description: 'What it may be used for.' })
  @Property({ columnType: 'text[]', type: 'array' })
  declare scopes: ApiKeyScope[];

  @Field(() => Date, { description: 'When it was made.' })
  @Property({ columnType: 'timestamp', type: 'datetime', fieldName: 'created_at', defaultRaw: 'now()' })
  declare createdAt: Date;

  @Field(() => Date, { nullable: true, description: 'When it is over; null for a key without an end.' })
  @Property({ columnType: 'timestamp', type: 'datetime', fieldName: 'expires_at', nullable: true })
  declare expiresAt: Date | null;

  /** Within a minute of the truth. */
  @Field(() => Date, { nullable: true, description: 'When it was last used, within a minute; null for never.' })
  @Property({ columnType: 'timestamp', type: 'datetime', fieldName: 'last_used_at', nullable: true })
  declare lastUsedAt: Date | null;
}

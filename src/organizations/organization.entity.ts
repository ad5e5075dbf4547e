import { type OptionalProps } from '@mikro-orm/core';
import { Entity, Index, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { OrganizationId, UserId } from '../ids.js';

/** What `max_users` is where nothing is given (the column's default). */
export const DEFAULT_MAX_USERS = 100;
/** What `max_channels` is where nothing is given (the column's default). */
export const DEFAULT_MAX_CHANNELS = 50;

/** A tenant: users, roles and a tree of channels that no other organization sees. */
@ObjectType({
  description: 'A tenant: users, roles and a tree of channels that no other organization sees.',
  simpleResolvers: true,
})
@Entity({ tableName: 'organizations' })
@Index({
  name: 'organizations_tag_key_unique',
  expression: 'create unique index "organizations_tag_key_unique" on "organizations" (lower("tag"))',
})
export class Organization {
  declare [OptionalProps]?: 'createdAt' | 'recordingAllowed' | 'version';

  @Field(() => ID, { description: 'The same number everywhere: GraphQL, REST, the voice protocol.' })
  @PrimaryKey({ type: 'integer', autoincrement: true })
  declare id: OrganizationId;

  @Field(() => String, { description: 'What people read.' })
  @Property({ type: 'string', length: 255 })
  declare name: string;

  /** Short and unique on the server: what gamers type to log in. */
  @Field(() => String, { description: 'Short and unique on the server: what gamers type to log in.' })
  @Property({ type: 'string', length: 16 })
  @Unique()
  declare tag: string;

  @Property({ type: 'integer', fieldName: 'owner_id', nullable: true })
  declare ownerId: UserId | null;

  @Field(() => Date, { description: 'When it was made.' })
  @Property({ columnType: 'timestamp', type: 'datetime', fieldName: 'created_at', nullable: true, defaultRaw: 'now()' })
  declare createdAt: Date;

  @Property({ type: 'integer', fieldName: 'max_users', nullable: true, default: DEFAULT_MAX_USERS })
  declare maxUsers: number | null;

  @Property({ type: 'integer', fieldName: 'max_channels', nullable: true, default: DEFAULT_MAX_CHANNELS })
  declare maxChannels: number | null;

  /** True where voice clients may record what they hear. */
  @Field(() => Boolean, {
    description: 'True where voice clients may record. They tell it themselves, so this keeps honest ones from it.',
  })
  @Property({ type: 'boolean', fieldName: 'recording_allowed', default: true })
  declare recordingAllowed: boolean;

  /** Counts up with each edit, from 1: the answer to `expectedVersion`. */
  @Field(() => Int, { description: 'Counts up with each edit: for `expectedVersion`.' })
  @Property({ type: 'integer', version: true, default: 1 })
  declare version: number;
}

import { type OptionalProps } from '@mikro-orm/core';
import { Entity, Index, ManyToOne, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { ChannelId, OrganizationId } from '../ids.js';
import { Organization } from '../organizations/organization.entity.js';

/** A place where people talk; channels form a tree in each organization. */
@ObjectType({
  description: 'A place where people talk; channels form a tree in each organization.',
  simpleResolvers: true,
})
@Entity({ tableName: 'channels' })
@Index({
  name: 'channels_sibling_name_key_unique',
  expression:
    'create unique index "channels_sibling_name_key_unique" on "channels" ("org_id", coalesce("parent_id", 0), "name_key")',
})
@Index({ properties: ['parentId'] })
export class Channel {
  declare [OptionalProps]?: 'createdAt' | 'position' | 'version';

  @Field(() => ID, { description: 'The same number everywhere: GraphQL, REST, the voice protocol.' })
  @PrimaryKey({ type: 'integer', autoincrement: true })
  declare id: ChannelId;

  @ManyToOne(() => Organization, {
    mapToPk: true,
    fieldName: 'org_id',
    nullable: true,
    updateRule: 'no action',
    deleteRule: 'no action',
  })
  declare organizationId: OrganizationId;

  /** Null at the root of the tree. */
  @ManyToOne(() => Channel, {
    mapToPk: true,
    fieldName: 'parent_id',
    nullable: true,
    updateRule: 'no action',
    deleteRule: 'no action',
  })
  declare parentId: ChannelId | null;

  @Field(() => String, { description: 'What people read. Unique among siblings.' })
  @Property({ type: 'string', length: 255 })
  declare name: string;

  /** The name's comparison key: siblings cannot be mistaken for each other. */
  @Property({ type: 'text', fieldName: 'name_key', hidden: true })
  declare nameKey: string;

  @Field(() => String, { nullable: true, description: 'What the channel is for, as plain text.' })
  @Property({ type: 'text', nullable: true })
  declare description: string | null;

  /** Argon2id in PHC form; null for a channel without a password. */
  @Property({ type: 'string', length: 255, fieldName: 'password_hash', nullable: true, hidden: true })
  declare passwordHash: string | null;

  /** How many sessions fit in; 0 means the server's limit. */
  @Property({ type: 'integer', fieldName: 'max_users', nullable: true, default: 0 })
  declare maxUsers: number | null;

  @Field(() => Date, { description: 'When it was made.' })
  @Property({ columnType: 'timestamp', type: 'datetime', fieldName: 'created_at', nullable: true, defaultRaw: 'now()' })
  declare createdAt: Date;

  /** The order among siblings, smallest first; equal positions are ordered by id. */
  @Field(() => Int, { description: 'The order among siblings, smallest first; equal ones are ordered by id.' })
  @Property({ type: 'integer', default: 0 })
  declare position: number;

  /** Counts up with each edit, from 1: the answer to `expectedVersion`. */
  @Field(() => Int, { description: 'Counts up with each edit: for `expectedVersion`.' })
  @Property({ type: 'integer', version: true, default: 1 })
  declare version: number;
}

import { type OptionalProps } from '@mikro-orm/core';
import { Entity, Index, ManyToOne, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { OrganizationId, UserId } from '../ids.js';
import { Organization } from '../organizations/organization.entity.js';

/** A person or tool that can log in: a member of one organization, or (without one) a user of the platform. */
@ObjectType({ description: 'A person or tool that can log in.', simpleResolvers: true })
@Entity({ tableName: 'users' })
@Unique({ properties: ['organizationId', 'username'] })
@Unique({ properties: ['organizationId', 'usernameKey'] })
@Index({
  name: 'users_platform_username_key_unique',
  expression:
    'create unique index "users_platform_username_key_unique" on "users" ("username_key") where "org_id" is null',
})
export class User {
  declare [OptionalProps]?: 'createdAt' | 'tokenVersion' | 'version';

  @Field(() => ID, { description: 'The same number everywhere: GraphQL, REST, the voice protocol.' })
  @PrimaryKey({ type: 'integer', autoincrement: true })
  declare id: UserId;

  /** Null for a platform user. */
  @ManyToOne(() => Organization, {
    mapToPk: true,
    fieldName: 'org_id',
    nullable: true,
    updateRule: 'no action',
    deleteRule: 'no action',
  })
  declare organizationId: OrganizationId | null;

  @Field(() => String, { description: 'Unique in the organization: what is typed to log in, and what others see.' })
  @Property({ type: 'string', length: 64 })
  declare username: string;

  /** The username's comparison key: nobody takes a name that looks like another one of the organization. */
  @Property({ type: 'text', fieldName: 'username_key', hidden: true })
  declare usernameKey: string;

  /** Shown only to the user, and to whoever holds MANAGE in the organization. */
  @Property({ type: 'string', length: 255, nullable: true })
  declare email: string | null;

  /** Argon2id in PHC form; null for a user who cannot log in with a password. */
  @Property({ type: 'string', length: 255, fieldName: 'password_hash', nullable: true, hidden: true })
  declare passwordHash: string | null;

  @Field(() => Date, { description: 'When it was made.' })
  @Property({ columnType: 'timestamp', type: 'datetime', fieldName: 'created_at', nullable: true, defaultRaw: 'now()' })
  declare createdAt: Date;

  /** Counts up when all tokens of the user lose their validity; access tokens carry the value of their issue. */
  @Property({ type: 'integer', fieldName: 'token_version', default: 0 })
  declare tokenVersion: number;

  /** Counts up with each edit, from 1: the answer to `expectedVersion`. */
  @Field(() => Int, { description: 'Counts up with each edit: for `expectedVersion`.' })
  @Property({ type: 'integer', version: true, default: 1 })
  declare version: number;
}

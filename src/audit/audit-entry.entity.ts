import { type OptionalProps } from '@mikro-orm/core';
import { Entity, Index, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { GraphQLJSONObject } from 'graphql-scalars';
import { Field, ID, ObjectType } from 'type-graphql';
import { AuditActionType, AuditTargetType } from '../graphql/audit-enums.js';
import type { AuditEntryId, OrganizationId, UserId } from '../ids.js';
import type { AuditAction, AuditSnapshot, AuditTarget } from './audit-record.js';

/**
 * One change that somebody made, written in the transaction that made it. Ids are not foreign keys: an entry outlives
 * what it tells of, except for its organization.
 */
@ObjectType({ description: 'One change that somebody made.', simpleResolvers: true })
@Entity({ tableName: 'audit_entries' })
@Index({ properties: ['organizationId', 'id'] })
@Index({ properties: ['createdAt'] })
export class AuditEntry {
  declare [OptionalProps]?: 'createdAt';

  @Field(() => ID, { description: 'Counts up.' })
  @PrimaryKey({ type: 'integer', autoincrement: true })
  declare id: AuditEntryId;

  /** Null for what belongs to no organization. */
  @Property({ type: 'integer', fieldName: 'org_id', nullable: true })
  declare organizationId: OrganizationId | null;

  /** Null for what the server did by itself. */
  @Field(() => ID, {
    nullable: true,
    description: 'Who did it, also where that user is gone; null for the server itself.',
  })
  @Property({ type: 'integer', fieldName: 'actor_id', nullable: true })
  declare actorId: UserId | null;

  /** The actor's name at that time. */
  @Field(() => String, { nullable: true, description: "The actor's name at that time." })
  @Property({ type: 'string', length: 64, fieldName: 'actor_name', nullable: true })
  declare actorName: string | null;

  /** The door through which it was asked for. */
  @Field(() => String, { description: 'Through which door: `graphql`, `rest`, `voice`, `mumble`, `internal`.' })
  @Property({ type: 'string', length: 16 })
  declare door: string;

  /** What was done: `channel_updated`. */
  @Field(() => AuditActionType, { description: 'What was done.' })
  @Property({ type: 'string', length: 64 })
  declare action: AuditAction;

  /** What it was done to: `channel`. */
  @Field(() => AuditTargetType, { description: 'What it was done to.' })
  @Property({ type: 'string', length: 32, fieldName: 'target_type' })
  declare targetType: AuditTarget;

  @Field(() => ID, { nullable: true, description: 'Which one.' })
  @Property({ type: 'bigint', fieldName: 'target_id', nullable: true, runtimeType: 'number' })
  declare targetId: number | null;

  /** What changed, as it was; null where the target is new. Never a secret. */
  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description: 'What changed, as it was; null where the target is new.',
  })
  @Property({ type: 'json', nullable: true })
  declare before: AuditSnapshot | null;

  /** What changed, as it is; null where the target is gone. Never a secret. */
  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description: 'What changed, as it is; null where the target is gone.',
  })
  @Property({ type: 'json', nullable: true })
  declare after: AuditSnapshot | null;

  /** Why, in the actor's words. */
  @Field(() => String, { nullable: true, description: "Why, in the actor's words." })
  @Property({ type: 'string', length: 512, nullable: true })
  declare reason: string | null;

  @Field(() => String, { description: "Ties together what one request did, here and in the server's log." })
  @Property({ type: 'string', length: 64, fieldName: 'request_id' })
  declare requestId: string;

  @Field(() => Date, { description: 'When.' })
  @Property({ columnType: 'timestamp', type: 'datetime', fieldName: 'created_at', defaultRaw: 'now()' })
  declare createdAt: Date;
}

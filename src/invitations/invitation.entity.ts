import { type OptionalProps } from '@mikro-orm/core';
import { Entity, Index, ManyToOne, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Channel } from '../channels/channel.entity.js';
import type { ChannelId, InvitationId, OrganizationId, RoleId, UserId } from '../ids.js';
import { Organization } from '../organizations/organization.entity.js';

/** A code with which somebody becomes a user of the organization without an administrator's help. */
@ObjectType({
  description: 'A code with which somebody becomes a user of the organization.',
  simpleResolvers: true,
})
@Entity({ tableName: 'invitations' })
@Index({ properties: ['organizationId'] })
export class Invitation {
  declare [OptionalProps]?: 'createdAt' | 'uses';

  @Field(() => ID, { description: 'The number of the invitation. The code itself is told once, when it is made.' })
  @PrimaryKey({ type: 'integer', autoincrement: true })
  declare id: InvitationId;

  @ManyToOne(() => Organization, { mapToPk: true, fieldName: 'org_id', updateRule: 'no action', deleteRule: 'cascade' })
  declare organizationId: OrganizationId;

  /** SHA-256 of the code, hexadecimal: the code itself is random and is not kept. */
  @Property({ type: 'string', length: 64, fieldName: 'code_hash', hidden: true })
  @Unique()
  declare codeHash: string;

  /** The roles that a new user gets. What was deleted since is left out. */
  @Property({ columnType: 'int[]', type: 'array', fieldName: 'role_ids' })
  declare roleIds: RoleId[];

  /** The channel to land in, or null. */
  @ManyToOne(() => Channel, {
    mapToPk: true,
    fieldName: 'channel_id',
    nullable: true,
    updateRule: 'no action',
    deleteRule: 'set null',
  })
  declare channelId: ChannelId | null;

  /** How many users it can make; null for any number. */
  @Field(() => Int, { nullable: true, description: 'How many users it can make; null for any number.' })
  @Property({ type: 'integer', fieldName: 'max_uses', nullable: true })
  declare maxUses: number | null;

  /** How many users it has made. */
  @Field(() => Int, { description: 'How many users it has made.' })
  @Property({ type: 'integer', default: 0 })
  declare uses: number;

  @Property({ type: 'integer', fieldName: 'created_by', nullable: true })
  declare createdBy: UserId | null;

  @Field(() => Date, { description: 'When it was made.' })
  @Property({ columnType: 'timestamp', type: 'datetime', fieldName: 'created_at', defaultRaw: 'now()' })
  declare createdAt: Date;

  @Field(() => Date, { description: 'When it is over.' })
  @Property({ columnType: 'timestamp', type: 'datetime', fieldName: 'expires_at' })
  declare expiresAt: Date;
}

import { type OptionalProps } from '@mikro-orm/core';
import { Entity, Index, ManyToOne, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import type { BanId, OrganizationId, UserId } from '../ids.js';
import { Organization } from '../organizations/organization.entity.js';
import { User } from '../users/user.entity.js';

/** Keeps a user, or everybody who comes from a range of addresses, out of an organization at every door. */
@ObjectType({
  description: 'Keeps a user, or everybody who comes from a range of addresses, out of an organization.',
  simpleResolvers: true,
})
@Entity({ tableName: 'bans' })
@Index({ properties: ['organizationId'] })
export class Ban {
  declare [OptionalProps]?: 'createdAt';

  @Field(() => ID, { description: 'The number of the ban.' })
  @PrimaryKey({ type: 'integer', autoincrement: true })
  declare id: BanId;

  @ManyToOne(() => Organization, { mapToPk: true, fieldName: 'org_id', updateRule: 'no action', deleteRule: 'cascade' })
  declare organizationId: OrganizationId;

  /** Null where a range of addresses is banned. */
  @ManyToOne(() => User, {
    mapToPk: true,
    fieldName: 'user_id',
    nullable: true,
    updateRule: 'no action',
    deleteRule: 'cascade',
  })
  declare userId: UserId | null;

  /** A network in CIDR form (RFC 4632); null where a user is banned. */
  @Field(() => String, { nullable: true, description: 'The banned network in CIDR form; null where a user is banned.' })
  @Property({ columnType: 'cidr', type: 'string', fieldName: 'address_range', nullable: true })
  declare addressRange: string | null;

  @Field(() => String, { nullable: true, description: 'Why.' })
  @Property({ type: 'string', length: 512, nullable: true })
  declare reason: string | null;

  /** Who issued it; null for the server itself. Not a foreign key: the ban outlives its issuer. */
  @Property({ type: 'integer', fieldName: 'issued_by', nullable: true })
  declare issuedBy: UserId | null;

  @Field(() => Date, { description: 'When it was issued.' })
  @Property({ columnType: 'timestamp', type: 'datetime', fieldName: 'created_at', defaultRaw: 'now()' })
  declare createdAt: Date;

  /** Null for a ban without an end. */
  @Field(() => Date, { nullable: true, description: 'When it is over; null for a ban without an end.' })
  @Property({ columnType: 'timestamp', type: 'datetime', fieldName: 'expires_at', nullable: true })
  declare expiresAt: Date | null;
}

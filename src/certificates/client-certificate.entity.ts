import { type OptionalProps } from '@mikro-orm/core';
import { Entity, ManyToOne, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import type { CertificateId, UserId } from '../ids.js';
import { User } from '../users/user.entity.js';

/** A certificate of a Mumble client that logs its user in without the password. */
@ObjectType({
  description: 'A certificate of a Mumble client that logs its user in without the password.',
  simpleResolvers: true,
})
@Entity({ tableName: 'client_certificates' })
@Unique({ properties: ['userId', 'fingerprint'] })
export class ClientCertificate {
  declare [OptionalProps]?: 'createdAt';

  @Field(() => ID, { description: 'The number of the certificate.' })
  @PrimaryKey({ type: 'integer', autoincrement: true })
  declare id: CertificateId;

  @ManyToOne(() => User, { mapToPk: true, fieldName: 'user_id', updateRule: 'no action', deleteRule: 'cascade' })
  declare userId: UserId;

  /** SHA-256 of the certificate (DER), hexadecimal; SHA-1 for one that comes from a Mumble server, which keeps no more. */
  @Field(() => String, {
    description:
      'SHA-256 of the certificate, hexadecimal, as clients and browsers show it; SHA-1 for one that was imported from a Mumble server.',
  })
  @Property({ type: 'string', length: 64 })
  declare fingerprint: string;

  @Field(() => Date, { description: 'When it was bound to the user.' })
  @Property({ columnType: 'timestamp', type: 'datetime', fieldName: 'created_at', defaultRaw: 'now()' })
  declare createdAt: Date;

  @Field(() => Date, { nullable: true, description: 'When it last logged somebody in; null for never.' })
  @Property({ columnType: 'timestamp', type: 'datetime', fieldName: 'last_used_at', nullable: true })
  declare lastUsedAt: Date | null;
}

import { type OptionalProps } from '@mikro-orm/core';
import { Entity, Index, ManyToOne, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy';
import type { UserId } from '../ids.js';
import { User } from '../users/user.entity.js';

/** One link in a chain of refresh tokens. A token is used once; using it again revokes its family. */
@Entity({ tableName: 'refresh_tokens' })
export class RefreshToken {
  declare [OptionalProps]?: 'createdAt';

  @PrimaryKey({ type: 'integer', autoincrement: true })
  declare id: number;

  @ManyToOne(() => User, { mapToPk: true, fieldName: 'user_id', updateRule: 'no action', deleteRule: 'cascade' })
  @Index()
  declare userId: UserId;

  /** The login that the chain began with. */
  @Property({ type: 'uuid', fieldName: 'family_id' })
  @Index()
  declare familyId: string;

  /** SHA-256 of the token, hexadecimal: the token itself is random and is not kept. */
  @Property({ type: 'string', length: 64, fieldName: 'token_hash', hidden: true })
  @Unique()
  declare tokenHash: string;

  @Property({ columnType: 'timestamp', type: 'datetime', fieldName: 'created_at', defaultRaw: 'now()' })
  declare createdAt: Date;

  @Property({ columnType: 'timestamp', type: 'datetime', fieldName: 'expires_at' })
  declare expiresAt: Date;

  @Property({ columnType: 'timestamp', type: 'datetime', fieldName: 'used_at', nullable: true })
  declare usedAt: Date | null;

  @Property({ columnType: 'timestamp', type: 'datetime', fieldName: 'revoked_at', nullable: true })
  declare revokedAt: Date | null;
}

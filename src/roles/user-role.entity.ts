import { type PrimaryKeyProp } from '@mikro-orm/core';
import { Entity, Index, ManyToOne } from '@mikro-orm/decorators/legacy';
import type { RoleId, UserId } from '../ids.js';
import { User } from '../users/user.entity.js';
import { Role } from './role.entity.js';

/** A user holds a role. */
@Entity({ tableName: 'user_roles' })
@Index({ properties: ['roleId'] })
export class UserRole {
  declare [PrimaryKeyProp]?: ['userId', 'roleId'];

  @ManyToOne(() => User, {
    mapToPk: true,
    primary: true,
    fieldName: 'user_id',
    updateRule: 'no action',
    deleteRule: 'no action',
  })
  declare userId: UserId;

  @ManyToOne(() => Role, {
    mapToPk: true,
    primary: true,
    fieldName: 'role_id',
    updateRule: 'no action',
    deleteRule: 'no action',
  })
  declare roleId: RoleId;
}

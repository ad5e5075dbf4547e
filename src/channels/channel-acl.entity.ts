import { type PrimaryKeyProp } from '@mikro-orm/core';
import { Entity, Index, ManyToOne, Property } from '@mikro-orm/decorators/legacy';
import { ObjectType } from 'type-graphql';
import type { ChannelId, RoleId } from '../ids.js';
import type { PermissionMask } from '../permissions/bits.js';
import { Role } from '../roles/role.entity.js';
import { Channel } from './channel.entity.js';

/** What a role may do in a channel. The first channel towards the root that has any entry governs. */
@ObjectType('ChannelAclEntry', { description: 'What a role may do in a channel.', simpleResolvers: true })
@Entity({ tableName: 'channel_acl' })
@Index({ properties: ['roleId'] })
export class ChannelAcl {
  declare [PrimaryKeyProp]?: ['channelId', 'roleId'];

  @ManyToOne(() => Channel, {
    mapToPk: true,
    primary: true,
    fieldName: 'channel_id',
    updateRule: 'no action',
    deleteRule: 'no action',
  })
  declare channelId: ChannelId;

  @ManyToOne(() => Role, {
    mapToPk: true,
    primary: true,
    fieldName: 'role_id',
    updateRule: 'no action',
    deleteRule: 'no action',
  })
  declare roleId: RoleId;

  @Property({ type: 'integer' })
  declare permissions: PermissionMask;
}

import { Ctx, FieldResolver, Resolver } from 'type-graphql';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { Parent } from '../graphql/parent.js';
import { type PermissionBit, PermissionType, toPermissionBits } from '../graphql/permission-enum.js';
import { Role } from '../roles/role.entity.js';
import { ChannelAcl } from './channel-acl.entity.js';

/** The entries of ACLs by GraphQL. */
@Resolver(() => ChannelAcl)
export class ChannelAclResolver {
  @FieldResolver(() => [PermissionType], { description: 'All that the role may do in the channel.' })
  permissions(@Parent() { permissions }: ChannelAcl): PermissionBit[] {
    return toPermissionBits(permissions);
  }

  @FieldResolver(() => Role, { nullable: true, description: 'The role; null where it has just been deleted.' })
  async role(@Ctx() ctx: GraphqlContext, @Parent() { roleId }: ChannelAcl): Promise<Role | undefined> {
    return ctx.loaders.role.load(roleId);
  }
}

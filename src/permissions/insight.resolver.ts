import { Arg, Args, Ctx, ID, Query, Resolver } from 'type-graphql';
import { type Connection, toConnectionOfAll } from '../graphql/connection.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { toChannelId, toRoleId, toUserId } from '../graphql/id-argument.js';
import { PageArgs, toPageRequest } from '../graphql/page-args.js';
import { type PermissionBit, PermissionType, toPermissionBits, toPermissionMask } from '../graphql/permission-enum.js';
import { Permission } from './bits.js';
import type { Explanation, Suggestion } from './explain.js';
import {
  AclLineInput,
  type PermissionChange,
  PermissionChangeConnection,
  PermissionExplanation,
  type PermissionSuggestion,
} from './insight-types.js';
import type { PermissionInsightService } from './permission-insight.service.js';
import type { PermissionChange as Change } from './simulate.js';

/** Why somebody may do something or not, and what a change would do, by GraphQL. */
@Resolver()
export class InsightResolver {
  readonly #insight: PermissionInsightService;

  constructor(insight: PermissionInsightService) {
    this.#insight = insight;
  }

  @Query(() => PermissionExplanation, {
    nullable: true,
    description: 'Why a user may do what they may in a channel: of yourself, or with MANAGE in the channel of others.',
  })
  async explainPermissions(
    @Ctx() ctx: GraphqlContext,
    @Arg('userId', () => ID, { description: 'Who.' }) userId: string,
    @Arg('channelId', () => ID, { description: 'Where.' }) channelId: string,
  ): Promise<PermissionExplanation> {
    return toExplanation(ctx, await this.#insight.explain(ctx, toUserId(userId), toChannelId(channelId)));
  }

  @Query(() => PermissionChangeConnection, {
    nullable: true,
    description: 'Who would gain and lose what if this were the whole ACL of a channel. Needs MANAGE in the channel.',
  })
  async simulateAcl(
    @Ctx() ctx: GraphqlContext,
    @Arg('channelId', () => ID, { description: 'Which channel.' }) channelId: string,
    @Arg('acl', () => [AclLineInput], { description: 'The whole ACL; empty, the channel would follow its parent.' })
    acl: AclLineInput[],
    @Args() args: PageArgs,
  ): Promise<Connection<PermissionChange>> {
    const lines = acl.map(({ roleId, permissions }) => ({
      roleId: toRoleId(roleId),
      permissions: toPermissionMask(permissions),
    }));
    return toPage(ctx, await this.#insight.simulateAcl(ctx, toChannelId(channelId), lines), args);
  }

  @Query(() => PermissionChangeConnection, {
    nullable: true,
    description:
      'Who would gain and lose what, and where, if a role had these permissions of its own. Needs MANAGE in the organization.',
  })
  async simulateRole(
    @Ctx() ctx: GraphqlContext,
    @Arg('roleId', () => ID, { description: 'Which role.' }) roleId: string,
    @Arg('permissions', () => [PermissionType], { description: 'All that it would have.' })
    permissions: PermissionBit[],
    @Args() args: PageArgs,
  ): Promise<Connection<PermissionChange>> {
    const changes = await this.#insight.simulateRole(ctx, toRoleId(roleId), toPermissionMask(permissions));
    return toPage(ctx, changes, args);
  }
}

async function toExplanation({ loaders }: GraphqlContext, explanation: Explanation): Promise<PermissionExplanation> {
  const { effective, basis, governingChannelId, roles, manageGrants, missing } = explanation;
  return {
    permissions: toPermissionBits(effective),
    basis: basis.kind,
    governingChannel: governingChannelId === null ? undefined : await loaders.channel.load(governingChannelId),
    roles: await Promise.all(
      roles.map(async ({ roleId, source, mask }) => ({
        role: await loaders.role.load(roleId),
        source,
        permissions: toPermissionBits(mask),
      })),
    ),
    manageGrants: await Promise.all(
      manageGrants.map(async ({ roleId, channelId }) => ({
        role: await loaders.role.load(roleId),
        channel: await loaders.channel.load(channelId),
      })),
    ),
    missing: await Promise.all(
      missing.map(async ({ permission, reason, suggestions }) => ({
        permission: Permission[permission],
        reason,
        suggestions: await Promise.all(suggestions.map((suggestion) => toSuggestion(loaders, suggestion))),
      })),
    ),
  };
}

async function toSuggestion(loaders: GraphqlContext['loaders'], suggestion: Suggestion): Promise<PermissionSuggestion> {
  return {
    kind: suggestion.kind,
    role: await loaders.role.load(suggestion.roleId),
    channel: 'channelId' in suggestion ? await loaders.channel.load(suggestion.channelId) : undefined,
    permissions: 'mask' in suggestion ? toPermissionBits(suggestion.mask) : [],
  };
}

/** A cursor is the place in the list, which is the same as long as nothing changes. */
async function toPage(
  { loaders }: GraphqlContext,
  changes: readonly Change[],
  args: PageArgs,
): Promise<Connection<PermissionChange>> {
  const numbered = changes.map((change, index) => ({ ...change, place: index + 1 }));
  const { edges, pageInfo } = toConnectionOfAll(numbered, toPageRequest(args), ({ place }) => place);
  const shown = await Promise.all(
    edges.map(async ({ cursor, node: { userId, channelId, gained, lost } }) => ({
      cursor,
      node: {
        user: await loaders.user.load(userId),
        channel: await loaders.channel.load(channelId),
        gained: toPermissionBits(gained),
        lost: toPermissionBits(lost),
      },
    })),
  );
  return { edges: shown, nodes: shown.map(({ node }) => node), pageInfo };
}

import { Arg, Args, Ctx, FieldResolver, Query, Resolver } from 'type-graphql';
import { type Connection, toConnection } from '../graphql/connection.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { toTargetId, toUserId } from '../graphql/id-argument.js';
import { PageArgs, toPageRequest } from '../graphql/page-args.js';
import { Parent } from '../graphql/parent.js';
import { withoutNulls } from '../graphql/without-nulls.js';
import { Organization } from '../organizations/organization.entity.js';
import type { AuditFilter, AuditService } from './audit.service.js';
import type { AuditEntry } from './audit-entry.entity.js';
import { AuditEntryConnection } from './audit-entry-connection.js';
import { AuditFilterInput } from './audit-filter-input.js';

/** The audit log by GraphQL. */
@Resolver(() => Organization)
export class AuditResolver {
  readonly #audit: AuditService;

  constructor(audit: AuditService) {
    this.#audit = audit;
  }

  @Query(() => AuditEntryConnection, {
    nullable: true,
    description: 'What was done on the platform, outside any organization, the newest first. Platform admins only.',
  })
  async platformAuditLog(
    @Ctx() ctx: GraphqlContext,
    @Args() args: PageArgs,
    @Arg('filter', () => AuditFilterInput, { nullable: true, description: 'Which entries.' })
    filter?: AuditFilterInput,
  ): Promise<Connection<AuditEntry>> {
    const page = toPageRequest(args);
    return toConnection(await this.#audit.list(ctx, null, toFilter(filter), page), page, ({ id }) => id);
  }

  @FieldResolver(() => AuditEntryConnection, { description: 'What was done in it, the newest first. Needs MANAGE.' })
  async auditLog(
    @Ctx() ctx: GraphqlContext,
    @Parent() organization: Organization,
    @Args() args: PageArgs,
    @Arg('filter', () => AuditFilterInput, { nullable: true, description: 'Which entries.' })
    filter?: AuditFilterInput,
  ): Promise<Connection<AuditEntry>> {
    const page = toPageRequest(args);
    const question = { filter: toFilter(filter), page };
    const found = await ctx.loaders.auditLogOfOrganization.load({ owner: organization.id, question });
    return toConnection(found, page, ({ id }) => id);
  }
}

function toFilter(input: AuditFilterInput | undefined): AuditFilter {
  const { actorId, targetId, ...values } = withoutNulls(input ?? {});
  return {
    ...values,
    ...(actorId !== undefined && { actorId: toUserId(actorId) }),
    ...(targetId !== undefined && { targetId: toTargetId(targetId) }),
  };
}

import { Ctx, FieldResolver, Resolver } from 'type-graphql';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { Parent } from '../graphql/parent.js';
import { Organization } from '../organizations/organization.entity.js';
import type { OrganizationMetrics } from './organization-metrics.service.js';
import { OrganizationMetricsType } from './organization-metrics-type.js';

/** The figures of an organization by GraphQL. */
@Resolver(() => Organization)
export class OrganizationMetricsResolver {
  @FieldResolver(() => OrganizationMetricsType, {
    nullable: true,
    description: 'How it is doing: users, bandwidth, errors. Needs MANAGE in the organization.',
  })
  metrics(@Ctx() ctx: GraphqlContext, @Parent() { id }: Organization): Promise<OrganizationMetrics> {
    return ctx.loaders.metricsOfOrganization.load(id);
  }
}

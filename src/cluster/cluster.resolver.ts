import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import type { Answer } from '../graphql/mutation-payload.js';
import type { ClusterService } from './cluster.service.js';
import { ClusterNodeType, DrainServerInput, DrainServerPayload, toNodeType } from './cluster-node-type.js';

/** The nodes of a cluster by GraphQL. */
@Resolver()
export class ClusterResolver {
  readonly #cluster: ClusterService;

  constructor(cluster: ClusterService) {
    this.#cluster = cluster;
  }

  @Query(() => [ClusterNodeType], {
    description: 'The servers that run as one, by name; none where there is one without Redis. Platform admins.',
  })
  clusterNodes(@Ctx() ctx: GraphqlContext): ClusterNodeType[] {
    return this.#cluster.nodes(ctx).map(toNodeType);
  }

  @Mutation(() => DrainServerPayload, {
    nullable: true,
    description:
      'Moves the voice sessions of a node to others before it is stopped, and lets no new ones in; or lets it take sessions again. Platform admins.',
  })
  async drainServer(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => DrainServerInput, { description: 'Which node.' }) { nodeId, draining }: DrainServerInput,
  ): Promise<Answer<DrainServerPayload>> {
    return { node: toNodeType(await this.#cluster.setDraining(ctx, nodeId ?? null, draining)) };
  }
}

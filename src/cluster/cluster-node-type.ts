import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { MutationInput } from '../graphql/mutation-input.js';
import { MutationPayload } from '../graphql/mutation-payload.js';
import type { ClusterNode } from './cluster-node.js';

/** The GraphQL type of a node. */
@ObjectType('ClusterNode', { description: 'One running server of a cluster.', simpleResolvers: true })
export class ClusterNodeType
  implements Pick<ClusterNode, 'id' | 'name' | 'version' | 'apiUrl' | 'draining' | 'sessions'>
{
  @Field(() => ID, { description: 'Another one after each start.' })
  declare id: string;

  @Field(() => String, { description: 'What it is called in its configuration: the same after each start.' })
  declare name: string;

  @Field(() => String, { description: 'The version of the server program.' })
  declare version: string;

  @Field(() => String, { nullable: true, description: 'Where its API is, where its configuration says it.' })
  declare apiUrl: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The host by which voice clients are sent to it; null where none are.',
  })
  declare voiceHost: string | null;

  @Field(() => Boolean, { description: 'True if it takes no new sessions.' })
  declare draining: boolean;

  @Field(() => Date, { description: 'When it started.' })
  declare startedAt: Date;

  @Field(() => Int, { description: 'How many sessions are connected to it, a second ago at most.' })
  declare sessions: number;
}

@InputType({ description: 'Which node to drain.' })
export class DrainServerInput extends MutationInput {
  @Field(() => ID, { nullable: true, description: 'Of `clusterNodes`; left out, the one that answers.' })
  declare nodeId?: string | null;

  @Field(() => Boolean, {
    defaultValue: true,
    description: 'True moves its sessions to other nodes and lets no new ones in; false lets it take sessions again.',
  })
  declare draining: boolean;
}

@ObjectType({ description: 'The answer of `drainServer`.', simpleResolvers: true })
export class DrainServerPayload extends MutationPayload {
  @Field(() => ClusterNodeType, { nullable: true, description: 'The node. Its sessions move within seconds.' })
  declare node: ClusterNodeType | null;
}

/** The node as GraphQL shows it. */
export function toNodeType({
  id,
  name,
  version,
  apiUrl,
  voice,
  draining,
  startedAt,
  sessions,
}: ClusterNode): ClusterNodeType {
  const voiceHost = voice?.host ?? null;
  return { id, name, version, apiUrl, voiceHost, draining, startedAt: new Date(startedAt), sessions };
}

/** Lists in pages, as Relay has them. */
import { type ClassType, Field, ObjectType } from 'type-graphql';
import { invalidInput } from '../errors.js';
import { cursorOf, type Page, type PageRequest, pageOf, pageStart } from '../pagination.js';
import { PageInfo } from './page-info.js';

export interface Edge<Node> {
  readonly node: Node;
  readonly cursor: string;
}

export interface Connection<Node> {
  readonly edges: readonly Edge<Node>[];
  readonly nodes: readonly Node[];
  readonly pageInfo: PageInfo;
}

/** The GraphQL types `<name>Connection` and `<name>Edge`; `plural` names the items in their descriptions. */
export function connectionOf<Node extends object>(
  name: string,
  plural: string,
  node: () => ClassType<Node>,
): ClassType<Connection<Node>> {
  @ObjectType(`${name}Edge`, {
    description: `One of the ${plural}, and where it stands in the list.`,
    simpleResolvers: true,
  })
  class NodeEdge implements Edge<Node> {
    @Field(() => node(), { description: 'The item.' })
    declare node: Node;

    @Field(() => String, { description: 'Where it stands: for `after`.' })
    declare cursor: string;
  }

  @ObjectType(`${name}Connection`, { description: `A page of ${plural}.`, simpleResolvers: true })
  class NodeConnection implements Connection<Node> {
    @Field(() => [NodeEdge], { description: `The ${plural} with their cursors.` })
    declare edges: readonly Edge<Node>[];

    @Field(() => [node()], { description: `The ${plural}.` })
    declare nodes: readonly Node[];

    @Field(() => PageInfo, { description: 'Where the page stands in the list.' })
    declare pageInfo: PageInfo;
  }

  return NodeConnection;
}

/** A page in the form of a connection; `idOf` gives what the list's cursors are made of. */
export function toConnection<Node>(
  { items, hasNextPage }: Page<Node>,
  request: PageRequest,
  idOf: (node: Node) => number,
): Connection<Node> {
  const edges = items.map((node) => ({ node, cursor: cursorOf(idOf(node)) }));
  const startCursor = edges.at(0)?.cursor ?? null;
  const endCursor = edges.at(-1)?.cursor ?? null;
  const pageInfo = { hasNextPage, hasPreviousPage: request.after !== null, startCursor, endCursor };
  return { edges, nodes: items, pageInfo };
}

/** A page of a list that is there as a whole, in the list's own order. Throws INVALID_INPUT as lists in the database do, and for a cursor whose item is gone. */
export function toConnectionOfAll<Node>(
  all: readonly Node[],
  request: PageRequest,
  idOf: (node: Node) => number,
): Connection<Node> {
  const { afterId, limit } = pageStart(request);
  const before = request.after === null ? -1 : all.findIndex((node) => idOf(node) === afterId);
  if (request.after !== null && before < 0)
    throw invalidInput(['after'], 'The item of this cursor is not in the list any more.');
  return toConnection(pageOf(all.slice(before + 1, before + 1 + limit), request), request, idOf);
}

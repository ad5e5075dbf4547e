import { ArgsType, Field, Int } from 'type-graphql';
import { MAX_PAGE_SIZE, type PageRequest } from '../pagination.js';

/** How many items a page has where nothing is said. */
export const DEFAULT_PAGE_SIZE = 25;

/** The arguments of every list. */
@ArgsType()
export class PageArgs {
  @Field(() => Int, { defaultValue: DEFAULT_PAGE_SIZE, description: `How many items at most: 1 to ${MAX_PAGE_SIZE}.` })
  declare first: number;

  @Field(() => String, {
    nullable: true,
    description: 'The cursor after which the page begins; left out, the beginning.',
  })
  declare after?: string | null;
}

export function toPageRequest({ first, after }: PageArgs): PageRequest {
  return { first, after: after ?? null };
}

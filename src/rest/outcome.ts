/** What a route answers when all went well. */
import { cursorOf, type Page, type PageRequest } from '../pagination.js';

export type Outcome<Body> =
  /** 200. With a version, which becomes its entity tag, it can be asked for again only where it has changed. */
  | { readonly kind: 'object'; readonly body: Body; readonly version: number | undefined }
  /** 201. The location is the path below the door: `/orgs/7`. */
  | { readonly kind: 'created'; readonly body: Body; readonly version: number; readonly location: string }
  /** 200, an array, with links to its other parts. */
  | {
      readonly kind: 'list';
      readonly body: readonly Body[];
      readonly limit: number;
      /** Where the next part begins, or null where this is the last. */
      readonly after: string | null;
    }
  /** 204. */
  | { readonly kind: 'nothing' };

/** The outcome of a kind. */
export type OutcomeOf<Kind extends Outcome<unknown>['kind'], Body> = Extract<Outcome<Body>, { readonly kind: Kind }>;

export const NOTHING: OutcomeOf<'nothing', never> = { kind: 'nothing' };

/** Part of a list, each item as `present` shows it. */
export function listOutcome<Item extends { readonly id: number }, Body>(
  { items, hasNextPage }: Page<Item>,
  { first }: PageRequest,
  present: (item: Item) => Body,
): OutcomeOf<'list', Body> {
  const last = items.at(-1);
  const after = hasNextPage && last !== undefined ? cursorOf(last.id) : null;
  return { kind: 'list', body: items.map(present), limit: first, after };
}

import { invalidInput } from './errors.js';

/** The most items of one page. */
export const MAX_PAGE_SIZE = 100;

/** Which part of a list is asked for. Lists are ordered by id. */
export interface PageRequest {
  /** How many items at most: 1 to {@link MAX_PAGE_SIZE}. */
  readonly first: number;
  /** The cursor of the item before the page, or null for the beginning. */
  readonly after: string | null;
}

/** One part of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly hasNextPage: boolean;
}

/** Where a page begins, read and checked. */
export interface PageStart {
  /** Items with a greater id belong to the page; 0 at the beginning. */
  readonly afterId: number;
  /** One more than asked for: whether it is there says if a next page is. */
  readonly limit: number;
}

/** A page of a list that is empty. */
export const EMPTY_PAGE: Page<never> = { items: [], hasNextPage: false };

const CURSOR = /^id:([0-9]{1,10})$/;

/** The cursor of an item: opaque to the caller, stable while the item lives. */
export function cursorOf(id: number): string {
  return Buffer.from(`id:${id}`).toString('base64url');
}

/** Reads a request. Throws INVALID_INPUT for a size out of bounds or a cursor that is none. */
export function pageStart({ first, after }: PageRequest): PageStart {
  if (!Number.isInteger(first) || first < 1 || first > MAX_PAGE_SIZE) {
    throw invalidInput(['first'], `A page has 1 to ${MAX_PAGE_SIZE} items.`, { min: 1, max: MAX_PAGE_SIZE });
  }
  return { afterId: after === null ? 0 : idOf(after), limit: first + 1 };
}

/** Makes a page of what was found from a {@link PageStart}. */
export function pageOf<Item>(found: readonly Item[], { first }: PageRequest): Page<Item> {
  return { items: found.slice(0, first), hasNextPage: found.length > first };
}

function idOf(cursor: string): number {
  const [, digits] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? [];
  if (digits === undefined) throw invalidInput(['after'], 'This is not a cursor of this list.');
  return Number(digits);
}

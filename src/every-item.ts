import { cursorOf, MAX_PAGE_SIZE, type Page, type PageRequest } from './pagination.js';

/** All items of a list that comes in pages. */
export async function everyItem<Item extends { readonly id: number }>(
  list: (page: PageRequest) => Promise<Page<Item>>,
): Promise<readonly Item[]> {
  const found: Item[] = [];
  for (let after: string | null = null; ; ) {
    const { items, hasNextPage } = await list({ first: MAX_PAGE_SIZE, after });
    found.push(...items);
    const last = items.at(-1);
    if (!hasNextPage || last === undefined) return found;
    after = cursorOf(last.id);
  }
}

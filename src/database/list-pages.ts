import { type EntityManager, type EntityName, type FilterQuery, raw } from '@mikro-orm/postgresql';
import { type Page, type PageRequest, pageOf, pageStart } from '../pagination.js';
import { readRows } from './read-rows.js';

/** A condition in SQL, with a `?` for each value. Columns are those of the alias `x`. */
export interface SqlCondition {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** Which lists are asked for, and which page of each. */
export interface ListPages<Item, Key extends number> {
  /** The column that says in which list a row is: `org_id`. */
  readonly column: string;
  /** The same of an item. */
  readonly keyOf: (item: Item) => Key | null;
  readonly keys: readonly Key[];
  readonly page: PageRequest;
  /** Lists begin with the greatest id, and not with the smallest one. */
  readonly newestFirst?: boolean;
  /** Which rows are asked for at all. */
  readonly where?: readonly SqlCondition[];
  /** False where the service has made sure of each key, and the tenant filter does not know it. */
  readonly filters?: false;
}

/** The same page of each of several lists, in one statement however many lists there are. Throws INVALID_INPUT as `pageStart` does. */
export async function pagesOfLists<Item extends { readonly id: number }, Key extends number>(
  em: EntityManager,
  entity: EntityName<Item>,
  { column, keyOf, keys, page, newestFirst = false, where = [], filters }: ListPages<Item, Key>,
): Promise<ReadonlyMap<Key, Page<Item>>> {
  const { afterId, limit } = pageStart(page);
  const { tableName } = em.getMetadata(entity);
  const direction = newestFirst ? 'desc' : 'asc';
  const after = { sql: `x.id ${newestFirst ? '<' : '>'} ?`, values: [afterId] };
  const conditions = [...(afterId === 0 ? [] : [after]), ...where];
  // Each list is read by its index as far as its page goes, and not as a whole. An array is made once, and not for each row.
  const ids = `array(select p.id from unnest(?::int[]) as k(id) cross join lateral (
    select x.id from ${tableName} x where ${[`x.${column} = k.id`, ...conditions.map(({ sql }) => sql)].join(' and ')}
    order by x.id ${direction} limit ?) p)`;
  const values = [`{${keys.join(',')}}`, ...conditions.flatMap((condition) => condition.values), limit];
  const condition: object = { [raw(`x.id = any(${ids})`, values)]: [] };
  const options = { orderBy: { id: direction } as object, ...(filters === false && { filters }) };
  const found = await readRows(em, entity, condition as FilterQuery<Item>, options);
  const lists = Map.groupBy(found, keyOf);
  return new Map(keys.map((key) => [key, pageOf(lists.get(key) ?? [], page)]));
}

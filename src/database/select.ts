import type { EntityManager } from '@mikro-orm/postgresql';

/** How many texts of statements are remembered. Each connection keeps a plan for each of them. */
const MAX_PREPARED = 300;

const names = new Map<string, PreparedText>();

/**
 * Runs a statement that only reads, with a `?` for each value. PostgreSQL parses and plans it once on each connection,
 * which costs several times more than running it; in a transaction it goes the ORM's way, on the transaction's connection.
 * The tenant filter does not reach into it.
 */
export async function select<Row extends object>(
  em: EntityManager,
  sql: string,
  values: readonly unknown[],
): Promise<Row[]> {
  if (em.isInTransaction()) return em.execute<Row[]>(sql, [...values]);
  const pool = await em.getDriver().getConnection().getNativeClient();
  const { rows } = await pool.query<Row>({ ...prepared(sql), values: [...values] });
  return rows;
}

interface PreparedText {
  /** What PostgreSQL calls it; without a name it is planned each time. */
  readonly name?: string;
  /** With `$1`, `$2` for the values. */
  readonly text: string;
}

/** The texts are our own and few: only lists of ids make them differ, so that what comes first is kept for good. */
function prepared(sql: string): PreparedText {
  const known = names.get(sql);
  if (known !== undefined) return known;
  let count = 0;
  const text = sql.replaceAll('?', () => {
    count += 1;
    return `$${count}`;
  });
  if (names.size >= MAX_PREPARED) return { text };
  const made = { name: `s${names.size}`, text };
  names.set(sql, made);
  return made;
}

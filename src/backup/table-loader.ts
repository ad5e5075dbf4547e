import type { Client } from 'pg';
import { BackupError } from './backup-error.js';
import type { RowValues } from './backup-format.js';

/** Rows go to the database so many at a time, or when so many characters have come together. */
const BATCH_ROWS = 500;
const BATCH_CHARACTERS = 1_000_000;

/** Writes rows, whose values are texts of PostgreSQL, into one table. */
export class TableLoader {
  readonly #client: Client;
  readonly #statement: string;
  readonly #width: number;
  #rows: RowValues[] = [];
  #characters = 0;

  /** Throws BackupError where the table lacks one of the columns. */
  static async open(client: Client, table: string, columns: readonly string[]): Promise<TableLoader> {
    const types = await typesOf(client, table);
    const unknown = columns.find((column) => !types.has(column));
    if (unknown !== undefined) {
      throw new BackupError('refused', `This database has no column "${unknown}" in "${table}": nothing was changed.`);
    }
    const names = columns.map((column) => `"${column}"`).join(', ');
    const values = columns.map((column, index) => `x.c${index}::${types.get(column)}`).join(', ');
    const arrays = columns.map((_column, index) => `$${index + 1}::text[]`).join(', ');
    const aliases = columns.map((_column, index) => `c${index}`).join(', ');
    const source = `unnest(${arrays}) with ordinality as x(${aliases}, n)`;
    const statement = `insert into "${table}" (${names}) select ${values} from ${source} order by x.n`;
    return new TableLoader(client, statement, columns.length);
  }

  private constructor(client: Client, statement: string, width: number) {
    this.#client = client;
    this.#statement = statement;
    this.#width = width;
  }

  async add(values: RowValues): Promise<void> {
    this.#rows.push(values);
    for (const value of values) this.#characters += value?.length ?? 0;
    if (this.#rows.length >= BATCH_ROWS || this.#characters >= BATCH_CHARACTERS) await this.flush();
  }

  /** Writes what is left. */
  async flush(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    this.#characters = 0;
    if (rows.length === 0) return;
    const columns = Array.from({ length: this.#width }, (_, index) => rows.map((row) => row[index] ?? null));
    await this.#client.query(this.#statement, columns);
  }
}

/** Without their lengths: a cast to a length would cut off in silence what the column refuses. */
async function typesOf(client: Client, table: string): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, null) as type from pg_attribute
     where attrelid = to_regclass(quote_ident($1)) and attnum > 0 and not attisdropped`,
    [table],
  );
  return new Map(rows.map(({ name, type }) => [name, type]));
}

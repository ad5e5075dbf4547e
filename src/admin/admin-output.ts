import Table from 'cli-table3';

/** Standard output, or what stands for it. */
export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

type Cell = string | number | boolean | null;
/** One line of a table, by the names that JSON has for its cells. */
export type Row = Readonly<Record<string, Cell | readonly string[]>>;

/** Tells what a command has found: tables and sentences for a person, with `--json` one JSON value for scripts. */
export class AdminOutput {
  readonly #stream: OutputStream;
  readonly #json: boolean;

  constructor(stream: OutputStream, { json }: { readonly json: boolean }) {
    this.#stream = stream;
    this.#json = json;
  }

  /** A list: a table on a terminal, lines with tabs elsewhere. `columns` are its rows' names and their headings. */
  list(columns: Readonly<Record<string, string>>, rows: readonly Row[]): void {
    if (this.#json) this.#line(JSON.stringify(rows));
    else if (this.#stream.isTTY === true) this.#line(tableOf(columns, rows));
    else for (const cells of [Object.values(columns), ...cellsOf(columns, rows)]) this.#line(cells.join('\t'));
  }

  /** What has become of the command: an object for scripts, a sentence or some for people. */
  result(fields: Readonly<Record<string, unknown>>, text: string): void {
    this.#line(this.#json ? JSON.stringify(fields) : text);
  }

  #line(text: string): void {
    this.#stream.write(`${text}\n`);
  }
}

function tableOf(columns: Readonly<Record<string, string>>, rows: readonly Row[]): string {
  const table = new Table({ head: Object.values(columns), style: { head: [], border: [] } });
  table.push(...cellsOf(columns, rows));
  return table.toString();
}

function cellsOf(columns: Readonly<Record<string, string>>, rows: readonly Row[]): string[][] {
  return rows.map((row) => Object.keys(columns).map((key) => textOf(row[key])));
}

function textOf(cell: Row[string] | undefined): string {
  if (cell === undefined || cell === null) return '';
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no';
  return typeof cell === 'object' ? cell.join(', ') : String(cell);
}

/** Keys of an entry that have a place of their own in its line. */
const SHOWN_APART = ['level', 'time', 'msg', 'err'];

/** Turns an entry of the log, a line of JSON, into lines for people: `16:04:05 info  voice door open port=9000`. */
export function prettyLine(json: string): string {
  const entry: unknown = JSON.parse(json);
  if (!isRecord(entry)) return json;
  const { level, time, msg, err } = entry;
  const clock = String(time).slice(11, 19);
  const fields = Object.entries(entry)
    .filter(([name]) => !SHOWN_APART.includes(name))
    .map(([name, value]) => ` ${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`);
  return `${clock} ${String(level).padEnd(5)} ${msg ?? ''}${fields.join('')}${prettyError(err)}\n`;
}

/** The message at the end of the line, and where it was thrown below. */
function prettyError(error: unknown): string {
  if (!isRecord(error)) return error === undefined ? '' : `: ${error}`;
  const stack = typeof error.stack === 'string' && error.stack !== '' ? `\n${error.stack.replace(/^/gm, '    ')}` : '';
  return `: ${error.message}${stack}${'cause' in error ? `\n    because of${prettyError(error.cause)}` : ''}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** What can be said of something that was thrown, which may be anything. An `instanceof` would miss errors of another realm. */

/** Its message, or what it is as a text. Never empty. */
export function messageOf(thrown: unknown): string {
  const message = field(thrown, 'message');
  return typeof message === 'string' && message !== '' ? message : String(thrown);
}

/** The code of a system's error (`ENOENT`), or undefined for any other. */
export function systemCodeOf(thrown: unknown): string | undefined {
  const code = field(thrown, 'code');
  return typeof code === 'string' && field(thrown, 'syscall') !== undefined ? code : undefined;
}

function field(thrown: unknown, name: string): unknown {
  return typeof thrown === 'object' && thrown !== null && name in thrown ? Reflect.get(thrown, name) : undefined;
}

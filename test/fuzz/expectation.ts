/** Throws where an invariant does not hold. Cheaper than a test's expectations, which would take most of the time. */
export function requireThat(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** Throws where two pieces of plain data differ, with both. */
export function requireEqual(actual: unknown, expected: unknown, what: string): void {
  const [found, wanted] = [plain(actual), plain(expected)];
  if (found !== wanted) throw new Error(`${what}: ${found}, expected ${wanted}`);
}

export function equal(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && Buffer.compare(left, right) === 0;
}

function plain(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === 'bigint') return String(item);
    return item instanceof Uint8Array ? Buffer.from(item).toString('hex') : item;
  });
}

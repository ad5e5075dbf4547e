/** Cases as JSON, to be kept in files: bytes and big integers, which JSON lacks, are objects of one field. */

/** A case as text. Whatever is no plain data is an error of the target. */
export function caseText(fuzzCase: unknown): string {
  return JSON.stringify(fuzzCase, function (this: Readonly<Record<string, unknown>>, name, value: unknown) {
    // A buffer makes something else of itself before it gets here.
    const original = this[name];
    if (original instanceof Uint8Array) return { hex: Buffer.from(original).toString('hex') };
    return typeof value === 'bigint' ? { integer: String(value) } : value;
  });
}

/** The case of a text, of the type that the target gave it. */
export function readCase<Case>(text: string): Case {
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    // A buffer has the methods that bytes off the network have.
    if ('hex' in value && typeof value.hex === 'string') return new Uint8Array(Buffer.from(value.hex, 'hex'));
    return 'integer' in value && typeof value.integer === 'string' ? BigInt(value.integer) : value;
  });
}

/** The wire format of Protocol Buffers, as far as the control protocol needs it, written from its description and not from any code. */

/** A field of a message: its number, its name, and what it holds. Fields that hold 0, nothing or false are not on the wire. */
export interface Field {
  readonly number: number;
  readonly name: string;
  readonly value: Value;
}

type Value =
  | { readonly type: 'number'; readonly number: number }
  | { readonly type: 'long'; readonly number: number }
  | { readonly type: 'signed'; readonly number: number }
  | { readonly type: 'boolean'; readonly boolean: boolean }
  | { readonly type: 'chosen'; readonly boolean: boolean }
  | { readonly type: 'fixed64'; readonly hex: string }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'bytes'; readonly hex: string }
  | { readonly type: 'numbers'; readonly numbers: readonly number[] }
  | { readonly type: 'message'; readonly fields: readonly Field[] }
  | { readonly type: 'messages'; readonly messages: readonly (readonly Field[])[] };

export function number(at: number, name: string, value: number): Field {
  return { number: at, name, value: { type: 'number', number: value } };
}

/** A `uint64` of at most 2^53 - 1, which a reader of the file sees in hexadecimal. */
export function long(at: number, name: string, value: number): Field {
  return { number: at, name, value: { type: 'long', number: value } };
}

export function boolean(at: number, name: string, value: boolean): Field {
  return { number: at, name, value: { type: 'boolean', boolean: value } };
}

/** Counted from 0 to the outside: 0, -1, 1, -2, 2 and so on are 0, 1, 2, 3, 4 on the wire. */
export function signed(at: number, name: string, value: number): Field {
  return { number: at, name, value: { type: 'signed', number: value } };
}

/** One of a oneof: it is on the wire even where it is false. */
export function chosen(at: number, name: string, value: boolean): Field {
  return { number: at, name, value: { type: 'chosen', boolean: value } };
}

export function fixed64(at: number, name: string, hex: string): Field {
  return { number: at, name, value: { type: 'fixed64', hex } };
}

export function text(at: number, name: string, value: string): Field {
  return { number: at, name, value: { type: 'text', text: value } };
}

export function bytes(at: number, name: string, hex: string): Field {
  return { number: at, name, value: { type: 'bytes', hex } };
}

export function numbers(at: number, name: string, values: readonly number[]): Field {
  return { number: at, name, value: { type: 'numbers', numbers: values } };
}

export function message(at: number, name: string, fields: readonly Field[]): Field {
  return { number: at, name, value: { type: 'message', fields } };
}

export function messages(at: number, name: string, list: readonly (readonly Field[])[]): Field {
  return { number: at, name, value: { type: 'messages', messages: list } };
}

/** The fields as a reader of the file sees them. */
export function plain(fields: readonly Field[]): Record<string, unknown> {
  return Object.fromEntries(fields.map(({ name, value }) => [name, plainValue(value)]));
}

function plainValue(value: Value): unknown {
  switch (value.type) {
    case 'number':
    case 'signed':
      return value.number;
    case 'long':
      return value.number.toString(16).padStart(16, '0');
    case 'boolean':
    case 'chosen':
      return value.boolean;
    case 'fixed64':
    case 'bytes':
      return value.hex;
    case 'text':
      return value.text;
    case 'numbers':
      return value.numbers;
    case 'message':
      return plain(value.fields);
    case 'messages':
      return value.messages.map(plain);
  }
}

/** The wire format of proto3: fields in the order of their numbers, each as its number and wire type, then its value. */
export function encode(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.map(encodeField));
}

function encodeField({ number: at, value }: Field): Buffer {
  switch (value.type) {
    case 'number':
    case 'long':
      return value.number === 0 ? Buffer.alloc(0) : Buffer.concat([varint(at * 8), varint(value.number)]);
    case 'signed':
      return Buffer.concat([varint(at * 8), varint(value.number < 0 ? -2 * value.number - 1 : 2 * value.number)]);
    case 'boolean':
      return value.boolean ? Buffer.concat([varint(at * 8), varint(1)]) : Buffer.alloc(0);
    case 'chosen':
      return Buffer.concat([varint(at * 8), varint(value.boolean ? 1 : 0)]);
    case 'fixed64':
      return Buffer.concat([varint(at * 8 + 1), Buffer.from(value.hex, 'hex').reverse()]);
    case 'text':
      return delimited(at, Buffer.from(value.text, 'utf8'));
    case 'bytes':
      return delimited(at, Buffer.from(value.hex, 'hex'));
    case 'numbers':
      return delimited(at, Buffer.concat(value.numbers.map(varint)));
    case 'message':
      return delimited(at, encode(value.fields));
    case 'messages':
      return Buffer.concat(value.messages.map((fields) => delimited(at, encode(fields))));
  }
}

function delimited(at: number, content: Buffer): Buffer {
  return Buffer.concat([varint(at * 8 + 2), varint(content.length), content]);
}

/** Seven bits in each byte, the lowest first; all but the last byte have the highest bit set. */
function varint(value: number): Buffer {
  const septets: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) septets.push((rest % 128) + 128);
  return Buffer.from([...septets, rest]);
}

import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import type { FuzzRandom } from './fuzz-random.js';

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;
const MOST_BYTES = 300;

/**
 * The bytes of a message of this kind, whatever its definition says today: every field may be there, and hold anything
 * that its type allows. Now and then in a way that no encoder writes and every decoder must read.
 */
export function randomMessage(message: DescMessage, random: FuzzRandom): Uint8Array {
  const chosen = message.fields.filter((field) => field.oneof === undefined && random.chance(0.8));
  for (const { fields } of message.oneofs) {
    if (random.chance(0.95)) chosen.push(random.pick(fields));
    if (random.chance(0.03)) chosen.push(random.pick(fields));
  }
  const parts = chosen.map((field) => fieldBytes(field, random));
  if (random.chance(0.05)) parts.push(unknownField(random));
  if (random.chance(0.05)) parts.reverse();
  return Buffer.concat(parts);
}

/** A message whose oneof holds this field, for the cases in which it matters which. */
export function messageOf(message: DescMessage, body: DescField, requestId: number, random: FuzzRandom): Uint8Array {
  const [id] = message.fields.filter((field) => field.name === 'request_id');
  if (id === undefined) throw new Error(`${message.name} has no request_id`);
  const parts = requestId === 0 ? [] : [key(id, VARINT), varint(requestId)];
  return Buffer.concat([...parts, fieldBytes(body, random)]);
}

function fieldBytes(field: DescField, random: FuzzRandom): Uint8Array {
  switch (field.fieldKind) {
    case 'scalar':
      return scalarField(field, field.scalar, random);
    case 'enum':
      return Buffer.concat([key(field, VARINT), varint(random.chance(0.8) ? random.below(40) : random.edge())]);
    case 'message':
      return delimited(field, randomMessage(field.message, random));
    case 'list':
      return listField(field, random);
    case 'map':
      return unknownField(random);
  }
}

function listField(field: Extract<DescField, { fieldKind: 'list' }>, random: FuzzRandom): Uint8Array {
  const items = Array.from({ length: random.below(random.chance(0.9) ? 5 : 100) }, () => {
    if (field.listKind === 'message') return delimited(field, randomMessage(field.message, random));
    return scalarField(field, field.listKind === 'enum' ? ScalarType.INT32 : field.scalar, random);
  });
  return Buffer.concat(items);
}

function scalarField(field: DescField, scalar: ScalarType, random: FuzzRandom): Uint8Array {
  switch (scalar) {
    case ScalarType.STRING:
      return delimited(field, Buffer.from(randomText(random)));
    case ScalarType.BYTES:
      return delimited(field, random.bytes(random.length(MOST_BYTES)));
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
    case ScalarType.DOUBLE:
      return Buffer.concat([key(field, FIXED64), random.bytes(8)]);
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
    case ScalarType.FLOAT:
      return Buffer.concat([key(field, FIXED32), random.bytes(4)]);
    default:
      return Buffer.concat([key(field, VARINT), varint(random.edge(), random.chance(0.05) ? 10 : 1)]);
  }
}

/** A text that may have any character, but no half of one. */
export function randomText(random: FuzzRandom): string {
  const length = random.length(random.chance(0.95) ? 40 : MOST_BYTES);
  const points = Array.from({ length }, () => {
    const point = random.chance(0.8) ? random.between(0x20, 0x7e) : random.below(0x110000);
    return point >= 0xd800 && point <= 0xdfff ? 0x200b : point;
  });
  return String.fromCodePoint(...points);
}

function unknownField(random: FuzzRandom): Uint8Array {
  return Buffer.concat([varint((random.between(100, 2 ** 20) << 3) | VARINT), varint(random.edge())]);
}

function delimited(field: DescField, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([key(field, LENGTH_DELIMITED), varint(bytes.length), bytes]);
}

function key({ number }: DescField, wireType: number): Uint8Array {
  return varint((number << 3) | wireType);
}

/** `least` is how many bytes it takes at least, more than needed where a decoder has to bear that. */
function varint(value: number, least = 1): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f || bytes.length + 1 < least) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

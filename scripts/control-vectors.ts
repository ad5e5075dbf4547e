/**
 * Test vectors of the control protocol, built from docs/NETWORK_PROTOCOL.md and proto/control.proto by hand: no
 * generated code and nothing of the server or of the client is used, so that both can be checked against them.
 */

const SESSION_ID = 0xc0ffee01;
const CLIENT_KEY = '000102030405060708090a0b0c0d0e0f';
const SERVER_KEY = '101112131415161718191a1b1c1d1e1f';
const CHANNEL_KEY = '202122232425262728292a2b2c2d2e2f';
/** The vector "first packet" of voice-packets.json. */
const VOICE_UP =
  '50000000002ac0ffee0100000000000140d47a5911e2fd2ddadc1da728e59e6e3efd80379b8e8daa5b7eaf52fc9c1bbd5aa644';
const SESSION_TAG_BYTES = 12;

/** A field of a message: its number, its name, and what it holds. Fields that hold 0, nothing or false are not on the wire. */
interface Field {
  readonly number: number;
  readonly name: string;
  readonly value: Value;
}

type Value =
  | { readonly type: 'number'; readonly number: number }
  | { readonly type: 'boolean'; readonly boolean: boolean }
  | { readonly type: 'fixed64'; readonly hex: string }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'bytes'; readonly hex: string }
  | { readonly type: 'numbers'; readonly numbers: readonly number[] }
  | { readonly type: 'message'; readonly fields: readonly Field[] };

/** The whole of `test/vectors/control-frames.json`. */
export function controlVectors(): object {
  return {
    about:
      'Frames of docs/NETWORK_PROTOCOL.md in the order of a session. Written by scripts/make-control-vectors.ts; bytes, keys and 64-bit integers are hexadecimal. Fields that are not named hold 0, nothing or false.',
    frames: conversation(),
    other_frames: [
      frame('client', 'login with an access token', 1, 'login', 2, [
        number(1, 'protocol_version', 1),
        text(2, 'client_name', 'example 1.0'),
        text(4, 'access_token', 'eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl'),
      ]),
    ],
    refused_by_server: [
      { name: 'a length of 0', bytes: '00000000', before_login: true, after_login: true, code: 'MALFORMED' },
      { name: 'a length of 4097', bytes: '00001001', before_login: true, after_login: false, code: 'TOO_LARGE' },
      { name: 'a length of 65537', bytes: '00010001', before_login: true, after_login: true, code: 'TOO_LARGE' },
      {
        name: 'bytes that are no message',
        bytes: '00000004ffffffff',
        before_login: true,
        after_login: true,
        code: 'MALFORMED',
      },
      {
        name: 'a field that is longer than its message',
        bytes: '0000000408011210',
        before_login: true,
        after_login: true,
        code: 'MALFORMED',
      },
    ],
  };
}

function conversation(): object[] {
  const voiceDown = VOICE_UP.slice(0, -2 * SESSION_TAG_BYTES);
  const ownSession = [number(1, 'session_id', SESSION_ID), number(2, 'user_id', 3), text(3, 'username', 'alice')];
  return [
    frame('client', 'login with a password', 1, 'login', 2, [
      number(1, 'protocol_version', 1),
      text(2, 'client_name', 'example 1.0'),
      message(3, 'password', [
        text(1, 'organization_tag', 'demo'),
        text(2, 'username', 'alice'),
        text(3, 'password', 'a password of somebody'),
      ]),
    ]),
    frame('server', 'welcome', 1, 'welcome', 4, [
      number(1, 'session_id', SESSION_ID),
      number(2, 'user_id', 3),
      text(3, 'username', 'alice'),
      number(4, 'organization_id', 2),
      text(5, 'organization_name', 'Demo'),
      text(6, 'organization_tag', 'demo'),
      message(7, 'voice', [
        number(1, 'udp_port', 9001),
        bytes(2, 'client_key', CLIENT_KEY),
        bytes(3, 'server_key', SERVER_KEY),
      ]),
      message(8, 'limits', [
        number(1, 'max_frame_bytes', 65536),
        number(2, 'max_datagram_bytes', 1200),
        number(3, 'max_bitrate', 128000),
        number(4, 'default_bitrate', 32000),
        number(5, 'max_joined_channels', 16),
        number(6, 'idle_timeout_ms', 30000),
      ]),
      text(9, 'server_name', 'Parley 0.1.0'),
    ]),
    frame('server', 'a channel at the root', 0, 'channel_state', 6, [
      number(1, 'id', 42),
      text(3, 'name', 'Lobby'),
      number(6, 'max_users', 50),
      number(7, 'permissions', 7),
    ]),
    frame('server', 'a channel below it, with a password', 0, 'channel_state', 6, [
      number(1, 'id', 43),
      number(2, 'parent_id', 42),
      text(3, 'name', 'Türmchen'),
      text(4, 'description', 'Two of us'),
      boolean(5, 'has_password', true),
      number(6, 'max_users', 2),
      number(7, 'permissions', 1),
    ]),
    frame('server', 'somebody else, deafened in the lobby', 0, 'session_state', 8, [
      number(1, 'session_id', 7),
      number(2, 'user_id', 4),
      text(3, 'username', 'bob'),
      numbers(4, 'channel_ids', [42]),
      boolean(6, 'self_deafened', true),
    ]),
    frame('server', 'the own session', 0, 'session_state', 8, ownSession),
    frame('server', 'that was all', 0, 'synchronized', 10, []),
    frame('client', 'join the lobby', 2, 'join', 3, [number(1, 'channel_id', 42)]),
    frame('server', 'the key of the lobby', 0, 'channel_key', 11, [
      number(1, 'target_id', 42),
      bytes(3, 'key', CHANNEL_KEY),
    ]),
    frame('server', 'joined', 2, 'done', 2, []),
    frame('server', 'the own session, in the lobby', 0, 'session_state', 8, [
      ...ownSession,
      numbers(4, 'channel_ids', [42]),
    ]),
    frame('client', 'voice through the tunnel', 0, 'tunneled_voice', 7, [bytes(1, 'packet', VOICE_UP)]),
    frame('server', 'voice through the tunnel', 0, 'tunneled_voice', 13, [bytes(1, 'packet', voiceDown)]),
    frame('client', 'join with a wrong password', 3, 'join', 3, [
      number(1, 'channel_id', 43),
      text(2, 'password', 'open barley'),
    ]),
    frame('server', 'refused', 3, 'refused', 3, [
      number(1, 'code', 15),
      text(2, 'message', 'The password of the channel is wrong.'),
    ]),
    frame('client', 'join with too many guesses', 4, 'join', 3, [
      number(1, 'channel_id', 43),
      text(2, 'password', 'open rye'),
    ]),
    frame('server', 'refused, with the time to wait', 4, 'refused', 3, [
      number(1, 'code', 16),
      text(2, 'message', 'Too many failed attempts at the password of the channel. Try again later.'),
      number(3, 'retry_after_ms', 59_000),
    ]),
    frame('client', 'mute and deafen', 5, 'set_self_state', 5, [
      boolean(1, 'muted', true),
      boolean(2, 'deafened', true),
    ]),
    frame('server', 'done', 5, 'done', 2, []),
    frame('client', 'ping', 0xffffffff, 'ping', 6, [fixed64(1, 'timestamp', '00000000000003e8')]),
    frame('server', 'pong', 0xffffffff, 'pong', 5, [fixed64(1, 'timestamp', '00000000000003e8')]),
    frame('server', 'the lobby has a new key', 0, 'channel_key', 11, [
      number(1, 'target_id', 42),
      number(2, 'epoch', 300),
      bytes(3, 'key', SERVER_KEY),
    ]),
    frame('server', 'taken out of the lobby', 0, 'channel_left', 12, [
      number(1, 'channel_id', 42),
      text(2, 'reason', 'permission_lost'),
    ]),
    frame('client', 'leave the lobby', 6, 'leave', 4, [number(1, 'channel_id', 42)]),
    frame('server', 'refused, not being there', 6, 'refused', 3, [
      number(1, 'code', 24),
      text(2, 'message', 'You are not in this channel.'),
    ]),
    frame('server', 'a session has ended', 0, 'session_removed', 9, [
      number(1, 'session_id', 7),
      text(2, 'reason', 'disconnected'),
    ]),
    frame('server', 'a channel is gone', 0, 'channel_removed', 7, [number(1, 'id', 43)]),
    frame('server', 'the end', 0, 'disconnect', 14, [
      number(1, 'code', 25),
      text(2, 'message', 'You have logged in from somewhere else.'),
    ]),
  ];
}

function frame(
  from: 'client' | 'server',
  name: string,
  requestId: number,
  body: string,
  bodyNumber: number,
  fields: readonly Field[],
): object {
  const encoded = encode([number(1, 'request_id', requestId), message(bodyNumber, body, fields)]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(encoded.length);
  return {
    name,
    from,
    request_id: requestId,
    [body]: plain(fields),
    frame: Buffer.concat([length, encoded]).toString('hex'),
  };
}

function number(at: number, name: string, value: number): Field {
  return { number: at, name, value: { type: 'number', number: value } };
}

function boolean(at: number, name: string, value: boolean): Field {
  return { number: at, name, value: { type: 'boolean', boolean: value } };
}

function fixed64(at: number, name: string, hex: string): Field {
  return { number: at, name, value: { type: 'fixed64', hex } };
}

function text(at: number, name: string, value: string): Field {
  return { number: at, name, value: { type: 'text', text: value } };
}

function bytes(at: number, name: string, hex: string): Field {
  return { number: at, name, value: { type: 'bytes', hex } };
}

function numbers(at: number, name: string, values: readonly number[]): Field {
  return { number: at, name, value: { type: 'numbers', numbers: values } };
}

function message(at: number, name: string, fields: readonly Field[]): Field {
  return { number: at, name, value: { type: 'message', fields } };
}

/** The fields as a reader of the file sees them. */
function plain(fields: readonly Field[]): Record<string, unknown> {
  return Object.fromEntries(fields.map(({ name, value }) => [name, plainValue(value)]));
}

function plainValue(value: Value): unknown {
  switch (value.type) {
    case 'number':
      return value.number;
    case 'boolean':
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
  }
}

/** The wire format of proto3: fields in the order of their numbers, each as its number and wire type, then its value. */
function encode(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.map(encodeField));
}

function encodeField({ number: at, value }: Field): Buffer {
  switch (value.type) {
    case 'number':
      return value.number === 0 ? Buffer.alloc(0) : Buffer.concat([varint(at * 8), varint(value.number)]);
    case 'boolean':
      return value.boolean ? Buffer.concat([varint(at * 8), varint(1)]) : Buffer.alloc(0);
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

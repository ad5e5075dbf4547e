/**
 * Test vectors of the voice packets, built from docs/NETWORK_PROTOCOL.md alone: nothing of the server or of the client
 * is used, so that both can be checked against them. Integers of 64 bits, keys and bytes are hexadecimal.
 */
import { createCipheriv } from 'node:crypto';

/** What the relay and the client know before any vector. Every vector is judged on its own, against this state. */
const STATE = {
  client_key: '000102030405060708090a0b0c0d0e0f',
  server_key: '101112131415161718191a1b1c1d1e1f',
  session_id: 0xc0ffee01,
  /** A session of somebody else: it may hear the first target and speak to none. */
  listener: {
    session_id: 7,
    client_key: '303132333435363738393a3b3c3d3e3f',
    server_key: '404142434445464748494a4b4c4d4e4f',
  },
  /** The keys of the targets that the session may speak to. */
  targets: [
    { target_id: 42, epoch: 0, channel_key: '202122232425262728292a2b2c2d2e2f' },
    { target_id: 0x7fffffff, epoch: 0x1fe, channel_key: '505152535455565758595a5b5c5d5e5f' },
  ],
} as const;

const KIND_VOICE = 0x50;
const KIND_PING = 0x51;
const KIND_PONG = 0x52;

interface VoiceFields {
  readonly name: string;
  readonly session_id: number;
  readonly counter: number;
  readonly target_id: number;
  readonly epoch: number;
  readonly channel_key: string;
  readonly client_key: string;
  readonly end_of_talk: boolean;
  readonly frame_number: number;
  readonly opus: string;
}

interface ProbeFields {
  readonly name: string;
  readonly session_id: number;
  readonly counter: number;
  readonly timestamp: string;
  readonly path_token: string;
  readonly key: string;
}

/** The whole of `test/vectors/voice-packets.json`. */
export function voiceVectors(): object {
  return {
    about:
      'Voice packets of docs/NETWORK_PROTOCOL.md. Written by scripts/make-voice-vectors.ts; bytes, keys and 64-bit integers are hexadecimal. Each vector stands alone: no packet was received before it.',
    state: STATE,
    voice: voiceFields().map(voiceVector),
    ping: pingFields().map((fields) => probeVector(KIND_PING, fields)),
    pong: pongFields().map((fields) => probeVector(KIND_PONG, fields)),
    refused_by_relay: refusedByRelay(),
    refused_by_client: refusedByClient(),
  };
}

function voiceFields(): VoiceFields[] {
  const [first, second] = STATE.targets;
  const sender = { session_id: STATE.session_id, client_key: STATE.client_key };
  return [
    { name: 'first packet', ...sender, ...first, counter: 1, end_of_talk: false, frame_number: 0, opus: 'fc0102' },
    { name: '20 ms later', ...sender, ...first, counter: 2, end_of_talk: false, frame_number: 2, opus: pattern(80) },
    {
      name: 'end of talk with a frame',
      ...sender,
      ...first,
      counter: 3,
      end_of_talk: true,
      frame_number: 4,
      opus: pattern(80),
    },
    {
      name: 'end of talk without a frame',
      ...sender,
      ...first,
      counter: 4,
      end_of_talk: true,
      frame_number: 6,
      opus: '',
    },
    { name: 'longest', ...sender, ...first, counter: 5, end_of_talk: false, frame_number: 8, opus: pattern(1152) },
    {
      name: 'highest values',
      ...sender,
      ...second,
      counter: 2 ** 48 - 1,
      end_of_talk: true,
      frame_number: 2 ** 31 - 1,
      opus: pattern(40),
    },
    {
      name: 'counter over 32 bits',
      ...sender,
      ...second,
      counter: 2 ** 32 + 5,
      end_of_talk: false,
      frame_number: 2 ** 24 + 3,
      opus: pattern(40),
    },
  ];
}

function pingFields(): ProbeFields[] {
  const sender = { session_id: STATE.session_id, key: STATE.client_key };
  return [
    { name: 'first ping', ...sender, counter: 1, timestamp: '00000000000003e8', path_token: '0000000000000000' },
    {
      name: 'echo of a path token',
      ...sender,
      counter: 2,
      timestamp: '00000000000003f0',
      path_token: '0123456789abcdef',
    },
    {
      name: 'highest values',
      ...sender,
      counter: 2 ** 48 - 1,
      timestamp: 'ffffffffffffffff',
      path_token: 'ffffffffffffffff',
    },
  ];
}

function pongFields(): ProbeFields[] {
  const receiver = { session_id: STATE.session_id, key: STATE.server_key };
  return [
    { name: 'answer', ...receiver, counter: 1, timestamp: '00000000000003e8', path_token: '0123456789abcdef' },
    { name: 'unasked', ...receiver, counter: 2, timestamp: '0000000000000000', path_token: 'fedcba9876543211' },
    { name: 'in the tunnel', ...receiver, counter: 3, timestamp: '00000000000003f0', path_token: '0000000000000000' },
  ];
}

/** Datagrams that the relay must drop, and the reason under which it counts them. */
function refusedByRelay(): object[] {
  const voice = voiceVector(fieldsNamed(voiceFields(), '20 ms later'));
  const longest = voiceVector(fieldsNamed(voiceFields(), 'longest'));
  const ping = probeVector(KIND_PING, fieldsNamed(pingFields(), 'first ping')).datagram;
  const fields = fieldsNamed(voiceFields(), 'first packet');
  const up = (changes: Partial<VoiceFields>) => voiceVector({ ...fields, ...changes }).up;
  return [
    { name: 'empty', datagram: '', reason: 'too_short' },
    { name: '43 bytes', datagram: ping.slice(0, -2), reason: 'too_short' },
    { name: '1201 bytes', datagram: `${longest.up}00`, reason: 'too_long' },
    { name: 'kind 0x4f', datagram: `4f${ping.slice(2)}`, reason: 'unknown_kind' },
    {
      name: 'pong from a client',
      datagram: probeVector(KIND_PONG, { ...fieldsNamed(pingFields(), 'first ping') }).datagram,
      reason: 'unknown_kind',
    },
    { name: 'ping of 45 bytes', datagram: `${ping}00`, reason: 'wrong_length' },
    { name: 'voice of 47 bytes', datagram: up({ opus: '' }).slice(0, -2), reason: 'wrong_length' },
    { name: 'session that is not known', datagram: up({ session_id: 99 }), reason: 'unknown_session' },
    { name: 'session 0', datagram: up({ session_id: 0 }), reason: 'unknown_session' },
    { name: 'counter 0', datagram: up({ counter: 0 }), reason: 'replayed' },
    { name: 'one bit of the header flipped', datagram: flipBit(voice.up, 1, 0x01), reason: 'bad_session_tag' },
    { name: 'one bit of the payload flipped', datagram: flipBit(voice.up, 20, 0x80), reason: 'bad_session_tag' },
    {
      name: 'one bit of the session tag flipped',
      datagram: flipBit(voice.up, voice.up.length / 2 - 1, 0x01),
      reason: 'bad_session_tag',
    },
    { name: 'tag under another key', datagram: up({ client_key: STATE.server_key }), reason: 'bad_session_tag' },
    { name: 'target that is not known', datagram: up({ target_id: 43 }), reason: 'unknown_target' },
    {
      name: 'a listener speaks',
      datagram: up({ session_id: STATE.listener.session_id, client_key: STATE.listener.client_key }),
      reason: 'not_a_speaker',
    },
    { name: 'epoch that is to come', datagram: up({ epoch: 1 }), reason: 'wrong_epoch' },
  ];
}

/** Packets from the server that a client must not play or believe. */
function refusedByClient(): object[] {
  const voice = voiceVector(fieldsNamed(voiceFields(), '20 ms later'));
  const pong = probeVector(KIND_PONG, fieldsNamed(pongFields(), 'answer')).datagram;
  const foreignPong = probeVector(KIND_PONG, { ...fieldsNamed(pongFields(), 'answer'), session_id: 7 }).datagram;
  return [
    { name: 'empty', datagram: '' },
    { name: 'header alone', datagram: voice.header },
    { name: 'voice without its media header', datagram: voice.down.slice(0, 2 * 35) },
    { name: 'one bit of the header flipped', datagram: flipBit(voice.down, 15, 0x01) },
    { name: 'one bit of the payload flipped', datagram: flipBit(voice.down, 20, 0x01) },
    { name: 'one bit of the channel tag flipped', datagram: flipBit(voice.down, voice.down.length / 2 - 1, 0x80) },
    { name: 'epoch without a key', datagram: flipBit(voice.down, 1, 0x80) },
    { name: 'session tag left on', datagram: voice.up },
    {
      name: 'neither a frame nor the end of talk',
      datagram: voiceVector({ ...fieldsNamed(voiceFields(), 'first packet'), opus: '' }).down,
    },
    { name: 'kind 0x53', datagram: `53${pong.slice(2)}` },
    { name: 'pong with one bit of its tag flipped', datagram: flipBit(pong, 43, 0x01) },
    { name: 'pong with one bit of its token flipped', datagram: flipBit(pong, 24, 0x01) },
    { name: 'pong of 43 bytes', datagram: pong.slice(0, -2) },
    { name: 'pong for another session', datagram: foreignPong },
  ];
}

function voiceVector(fields: VoiceFields) {
  const header = headerBytes(KIND_VOICE, fields.epoch % 256, fields.target_id, fields.session_id, fields.counter);
  const media = (BigInt(fields.end_of_talk ? 1 : 0) << 31n) | BigInt(fields.frame_number);
  const plaintext = Buffer.concat([bigEndian(media, 4), Buffer.from(fields.opus, 'hex')]);
  const seal = createCipheriv('aes-128-gcm', Buffer.from(fields.channel_key, 'hex'), nonceOf(header));
  seal.setAAD(header);
  const sealed = Buffer.concat([seal.update(plaintext), seal.final(), seal.getAuthTag()]);
  const down = Buffer.concat([header, sealed]);
  return {
    ...fields,
    header: header.toString('hex'),
    nonce: nonceOf(header).toString('hex'),
    plaintext: plaintext.toString('hex'),
    up: Buffer.concat([down, sessionTag(fields.client_key, down)]).toString('hex'),
    down: down.toString('hex'),
  };
}

function probeVector(kind: number, fields: ProbeFields) {
  const header = headerBytes(kind, 0, 0, fields.session_id, fields.counter);
  const tagged = Buffer.concat([header, Buffer.from(fields.timestamp + fields.path_token, 'hex')]);
  return {
    ...fields,
    header: header.toString('hex'),
    nonce: nonceOf(header).toString('hex'),
    datagram: Buffer.concat([tagged, sessionTag(fields.key, tagged)]).toString('hex'),
  };
}

function headerBytes(kind: number, epoch: number, target: number, session: number, counter: number): Buffer {
  return Buffer.concat([
    Buffer.of(kind, epoch),
    bigEndian(BigInt(target), 4),
    bigEndian(BigInt(session), 4),
    bigEndian(BigInt(counter), 6),
  ]);
}

function nonceOf(header: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0, 0), header.subarray(6, 16)]);
}

function sessionTag(key: string, tagged: Buffer): Buffer {
  const cipher = createCipheriv('aes-128-gcm', Buffer.from(key, 'hex'), nonceOf(tagged), { authTagLength: 12 });
  cipher.setAAD(tagged);
  cipher.final();
  return cipher.getAuthTag();
}

function bigEndian(value: bigint, byteCount: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * byteCount, '0'), 'hex');
}

/** Bytes that look like an Opus packet of one 20 ms frame and differ from one another. */
function pattern(byteCount: number): string {
  return Buffer.from(
    Array.from({ length: byteCount }, (_, index) => (index === 0 ? 0xf8 : (index * 7) % 256)),
  ).toString('hex');
}

function flipBit(datagram: string, offset: number, mask: number): string {
  const bytes = Buffer.from(datagram, 'hex');
  bytes.writeUInt8(bytes.readUInt8(offset) ^ mask, offset);
  return bytes.toString('hex');
}

function fieldsNamed<Fields extends { readonly name: string }>(all: readonly Fields[], name: string): Fields {
  const found = all.find((fields) => fields.name === name);
  if (found === undefined) throw new Error(`no vector is named ${name}`);
  return found;
}

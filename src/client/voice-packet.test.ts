import { createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { openPong, openVoice, readHeader, sealPing, sealVoice } from './voice-packet.js';

interface Target {
  readonly target_id: number;
  readonly epoch: number;
  readonly channel_key: string;
}

interface VoiceVector extends Target {
  readonly name: string;
  readonly session_id: number;
  readonly client_key: string;
  readonly counter: number;
  readonly end_of_talk: boolean;
  readonly frame_number: number;
  readonly opus: string;
  readonly up: string;
  readonly down: string;
}

interface ProbeVector {
  readonly name: string;
  readonly session_id: number;
  readonly counter: number;
  readonly timestamp: string;
  readonly path_token: string;
  readonly key: string;
  readonly datagram: string;
}

interface Vectors {
  readonly state: { readonly session_id: number; readonly server_key: string; readonly targets: readonly Target[] };
  readonly voice: readonly VoiceVector[];
  readonly ping: readonly ProbeVector[];
  readonly pong: readonly ProbeVector[];
  readonly refused_by_client: readonly { readonly name: string; readonly datagram: string }[];
}

const vectors: Vectors = JSON.parse(readFileSync('test/vectors/voice-packets.json', 'utf8'));

describe('the test vectors of the protocol', () => {
  it.each(vectors.voice)('seals voice: $name', (vector) => {
    const packet = sealVoice(outgoing(vector), key(vector.channel_key), key(vector.client_key));
    expect(hex(packet)).toBe(vector.up);
  });

  it.each(vectors.voice)('opens voice: $name', (vector) => {
    const packet = bytes(vector.down);
    expect(readHeader(packet)).toEqual({
      kind: 0x50,
      epoch: vector.epoch % 256,
      targetId: vector.target_id,
      sessionId: vector.session_id,
      counter: vector.counter,
    });
    const payload = openVoice(packet, key(vector.channel_key));
    expect(payload).toMatchObject({ frameNumber: vector.frame_number, endOfTalk: vector.end_of_talk });
    expect(hex(payload?.opus ?? bytes('00'))).toBe(vector.opus);
  });

  it.each(vectors.ping)('seals a ping: $name', (vector) => {
    const probe = { timestamp: BigInt(`0x${vector.timestamp}`), pathToken: BigInt(`0x${vector.path_token}`) };
    expect(hex(sealPing(vector.session_id, vector.counter, probe, key(vector.key)))).toBe(vector.datagram);
  });

  it.each(vectors.pong)('opens a pong: $name', (vector) => {
    expect(openPong(bytes(vector.datagram), vector.session_id, key(vector.key))).toEqual({
      timestamp: BigInt(`0x${vector.timestamp}`),
      pathToken: BigInt(`0x${vector.path_token}`),
    });
  });

  it.each(vectors.refused_by_client)('refuses from the server: $name', ({ datagram }) => {
    const { state } = vectors;
    const packet = bytes(datagram);
    const header = readHeader(packet);
    const target = state.targets.find(
      ({ target_id, epoch }) => target_id === header?.targetId && epoch % 256 === header.epoch,
    );
    const voice = target === undefined ? undefined : openVoice(packet, key(target.channel_key));
    expect(voice).toBeUndefined();
    expect(openPong(packet, state.session_id, key(state.server_key))).toBeUndefined();
  });
});

describe('sealing a voice packet', () => {
  const [vector] = vectors.voice;
  if (vector === undefined) throw new Error('there is no vector');

  it.each([
    ['a frame number over 31 bits', { frameNumber: 2 ** 31 }],
    ['a frame number that is no integer', { frameNumber: 0.5 }],
    ['the counter 0', { counter: 0 }],
    ['a counter over 48 bits', { counter: 2 ** 48 }],
    ['an Opus packet of 1153 bytes', { opus: new Uint8Array(1153) }],
    ['no Opus packet before the end of talk', { opus: new Uint8Array() }],
  ])('refuses %s', (_, change) => {
    const voice = { ...outgoing(vector), ...change };
    expect(() => sealVoice(voice, key(vector.channel_key), key(vector.client_key))).toThrow(RangeError);
  });
});

function outgoing(vector: VoiceVector) {
  return {
    sessionId: vector.session_id,
    counter: vector.counter,
    targetId: vector.target_id,
    epoch: vector.epoch,
    frameNumber: vector.frame_number,
    endOfTalk: vector.end_of_talk,
    opus: bytes(vector.opus),
  };
}

const key = (digits: string) => createSecretKey(digits, 'hex');
const bytes = (digits: string) => Buffer.from(digits, 'hex');
const hex = (packet: Uint8Array) => Buffer.from(packet).toString('hex');

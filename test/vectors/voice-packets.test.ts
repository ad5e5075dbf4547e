import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { voiceVectors } from '../../scripts/voice-vectors.js';
import { sessionId } from '../../src/ids.js';
import { dropReasonNames } from '../../src/relay/drop-reason.js';
import type { Source, UdpSource } from '../../src/relay/outcome.js';
import { readHeader } from '../../src/relay/packet.js';
import { UNASKED_PONG_INTERVAL_MS } from '../../src/relay/path.js';
import { Relay } from '../../src/relay/relay.js';

/** What of the file the relay is checked against. */
interface Vectors {
  readonly state: {
    readonly client_key: string;
    readonly server_key: string;
    readonly session_id: number;
    readonly listener: { readonly session_id: number; readonly client_key: string; readonly server_key: string };
    readonly targets: readonly { readonly target_id: number; readonly epoch: number }[];
  };
  readonly voice: readonly {
    readonly name: string;
    readonly session_id: number;
    readonly counter: number;
    readonly target_id: number;
    readonly epoch: number;
    readonly up: string;
    readonly down: string;
  }[];
  readonly ping: readonly { readonly name: string; readonly timestamp: string; readonly datagram: string }[];
  readonly pong: readonly {
    readonly name: string;
    readonly counter: number;
    readonly timestamp: string;
    readonly path_token: string;
    readonly datagram: string;
  }[];
  readonly refused_by_relay: readonly { readonly name: string; readonly datagram: string; readonly reason: string }[];
}

const file = join(dirname(fileURLToPath(import.meta.url)), 'voice-packets.json');
const vectors: Vectors = JSON.parse(readFileSync(file, 'utf8'));
const source: UdpSource = { kind: 'udp', address: '192.0.2.7', port: 5000 };
const otherSource: UdpSource = { kind: 'udp', address: '192.0.2.8', port: 5000 };

describe('the relay and the test vectors', () => {
  it('are of the document: the file is what its generator makes', () => {
    expect(vectors).toEqual(JSON.parse(JSON.stringify(voiceVectors())));
  });

  it.each(vectors.voice)('reads the header of voice: $name', (vector) => {
    const header = { kind: 0, epoch: 0, target: 0, session: 0, counter: 0 };
    readHeader(bytes(vector.up), header);
    expect(header).toEqual({
      kind: 0x50,
      epoch: vector.epoch % 256,
      target: vector.target_id,
      session: vector.session_id,
      counter: vector.counter,
    });
  });

  it.each(vectors.voice)('forwards voice without its session tag: $name', ({ up, down }) => {
    const packet = bytes(up);
    const { dropReason, forwardBytes } = relayOfVectors().receive(packet, packet.length, source, 0);
    expect(dropReason).toBeNull();
    expect(hex(packet.subarray(0, forwardBytes))).toBe(down);
  });

  it.each(vectors.ping)('answers ping: $name', ({ datagram, timestamp }) => {
    const packet = bytes(datagram);
    const { dropReason, reply } = relayOfVectors().receive(packet, packet.length, source, 0);
    expect(dropReason).toBeNull();
    expect(hex(reply ?? new Uint8Array())).toMatch(new RegExp(`^520000000000c0ffee01000000000001${timestamp}`));
  });

  it('makes the pongs of the vectors: asked, unasked, and in the tunnel without a token', () => {
    const [asked, unasked, tunneled] = vectors.pong;
    const [firstPing, secondPing] = vectors.ping;
    const voice = vectors.voice.find(({ counter }) => counter === 3);
    const relay = relayOfVectors(vectors.pong.map(({ path_token }) => BigInt(`0x${path_token}`)));
    const tunnel: Source = { kind: 'tunnel', sessionId: sessionId(vectors.state.session_id) };

    expect(replyTo(relay, firstPing?.datagram, source, 0)).toBe(asked?.datagram);
    expect(replyTo(relay, voice?.up, otherSource, UNASKED_PONG_INTERVAL_MS)).toBe(unasked?.datagram);
    expect(replyTo(relay, secondPing?.datagram, tunnel, 0)).toBe(tunneled?.datagram);
  });

  it.each(vectors.refused_by_relay)('drops $name as $reason', ({ datagram, reason }) => {
    const relay = relayOfVectors();
    const packet = bytes(datagram);
    expect(relay.receive(packet, packet.length, source, 0).forwardBytes).toBe(0);
    const { drops } = relay.totals();
    expect(Object.entries(drops).filter(([, count]) => count > 0)).toEqual([[reason, 1]]);
    expect(dropReasonNames()).toContain(reason);
  });
});

/** A relay in the state that the vectors take for granted. */
function relayOfVectors(tokens: readonly bigint[] = []): Relay {
  const { state } = vectors;
  const remaining = [...tokens];
  const relay = new Relay({ maxBitrate: 1_000_000, randomToken: () => remaining.shift() ?? 1n });
  for (const { session_id, client_key, server_key } of [state, state.listener]) {
    const keys = { clientKey: bytes(client_key), serverKey: bytes(server_key) };
    relay.apply({ type: 'add_session', sessionId: sessionId(session_id), ...keys }, 0);
  }
  for (const { target_id, epoch } of state.targets) {
    const listeners = [sessionId(state.listener.session_id)];
    relay.apply({ type: 'set_route', target: target_id, epoch, listeners, speakers: [sessionId(state.session_id)] }, 0);
  }
  return relay;
}

function replyTo(relay: Relay, datagram: string | undefined, from: Source, nowMs: number): string {
  const packet = bytes(datagram ?? '');
  return hex(relay.receive(packet, packet.length, from, nowMs).reply ?? new Uint8Array());
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'hex');
}

function hex(packet: Uint8Array): string {
  return Buffer.from(packet).toString('hex');
}

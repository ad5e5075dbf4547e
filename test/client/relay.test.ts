import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { VoiceClient } from '../../src/client/voice-client.js';
import type { VoiceEvent } from '../../src/client/voice-client-events.js';
import { sessionId } from '../../src/ids.js';
import { RelayHost } from '../../src/voice/relay-host.js';
import { eventually } from '../support/eventually.js';
import { CHANNEL_KEY, type Script, type ScriptedConnection, ScriptedServer } from './scripted-server.js';
import { UdpForwarder } from './udp-forwarder.js';

const CHANNEL_ID = 42;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describe('clients at the real relay', () => {
  it('hear each other by UDP, in order and byte for byte, and not themselves', async () => {
    const { enter } = await relayServer();
    const [alice, bob] = [await enter(), await enter()];
    expect([alice.client.pathMode, bob.client.pathMode]).toEqual(['udp', 'udp']);
    const sent = Array.from({ length: 50 }, (_, index) => opusOf(index));
    for (const [index, opus] of sent.entries()) alice.client.sendVoice(CHANNEL_ID, 2 * index, opus, index === 49);
    await eventually(() => bob.heard.length === 50);
    expect(bob.heard.map(({ opus }) => [...opus])).toEqual(sent.map((opus) => [...opus]));
    expect(bob.heard.map(({ endOfTalk }) => endOfTalk)).toEqual(sent.map((_, index) => index === 49));
    expect(bob.heard.every(({ sessionId: from }) => from === alice.client.identity.sessionId)).toBe(true);
    expect(alice.heard).toEqual([]);
    expect(bob.client.statistics.received).toMatchObject({ opened: 50, duplicate: 0, refused: 0 });
  });

  it('take to the tunnel when UDP is cut in mid-sentence, return when it is open again, and hear on both ways', async () => {
    const { enter, host } = await relayServer();
    const forwarder = await UdpForwarder.start(host.voicePort);
    closers.push(() => forwarder.close());
    const [alice, bob] = [await enter(), await enter(forwarder.port)];
    let frameNumber = 0;
    const hearsOneMore = async () => {
      const before = bob.heard.length;
      await eventually(() => {
        alice.client.sendVoice(CHANNEL_ID, frameNumber, opusOf(frameNumber), false);
        frameNumber += 2;
        return bob.heard.length > before;
      });
    };
    await hearsOneMore();
    expect(bob.client.pathMode).toBe('udp');

    forwarder.isBlocked = true;
    const cut = once(bob.client, 'path');
    expect(await cut).toEqual(['tunnel']);
    await hearsOneMore();
    bob.client.sendVoice(CHANNEL_ID, 0, opusOf(1), true);
    await eventually(() => alice.heard.length === 1);
    expect(bob.client.statistics).toMatchObject({ sentByTunnel: 1, sentByUdp: 0 });

    const back = once(bob.client, 'path');
    forwarder.isBlocked = false;
    expect(await back).toEqual(['udp']);
    await hearsOneMore();
    bob.client.sendVoice(CHANNEL_ID, 0, opusOf(1), true);
    await eventually(() => alice.heard.length === 2);
    expect(bob.client.statistics).toMatchObject({ sentByTunnel: 1, sentByUdp: 1 });
  });
});

/** The real relay behind a control connection that lets everybody speak in one channel. */
async function relayServer() {
  const host = await RelayHost.start({
    bindAddress: '127.0.0.1',
    port: 0,
    maxBitrate: 128_000,
    logger: pino({ level: 'silent' }),
  });
  closers.push(() => host.close());
  const connections = new Map<number, ScriptedConnection>();
  const idOf = (connection: ScriptedConnection) => [...connections].find(([, each]) => each === connection)?.[0] ?? 0;
  host.onTunneled((id, packet) => connections.get(id)?.send({ case: 'tunneledVoice', value: { packet } }));

  const script: Script = async ({ requestId, body }, connection) => {
    if (body.case === 'login') {
      const id = sessionId(1000 + connections.size);
      connections.set(id, connection);
      const keys = { clientKey: randomBytes(16), serverKey: randomBytes(16) };
      host.update({ type: 'add_session', sessionId: id, ...keys });
      // The answer of the worker says that it has taken the update in.
      await host.counters();
      const voice = { udpPort: host.voicePort, ...keys };
      connection.send({ case: 'welcome', value: { sessionId: id, voice, limits: {} } }, requestId);
      connection.send({ case: 'synchronized', value: {} });
    } else if (body.case === 'join') {
      const everybody = [...connections.keys()].map((id) => sessionId(id));
      host.update({ type: 'set_route', target: CHANNEL_ID, epoch: 7, listeners: everybody, speakers: everybody });
      await host.counters();
      connection.send({ case: 'channelKey', value: { targetId: CHANNEL_ID, epoch: 7, key: CHANNEL_KEY } });
      connection.send({ case: 'done', value: {} }, requestId);
    } else if (body.case === 'tunneledVoice') {
      host.receiveTunneled(sessionId(idOf(connection)), body.value.packet);
    }
  };
  const server = await ScriptedServer.start(script);
  closers.push(() => server.stop());

  const enter = async (udpPort?: number) => {
    const client = await VoiceClient.connect({
      host: '127.0.0.1',
      port: server.port,
      fingerprint: server.fingerprint,
      credentials: { accessToken: 'token' },
      clientName: 'test',
      udpPort,
    });
    closers.push(() => client.close());
    const heard: VoiceEvent[] = [];
    client.on('voice', (voice) => heard.push(voice));
    await client.join(CHANNEL_ID);
    return { client, heard };
  };
  return { host, enter };
}

function opusOf(index: number): Uint8Array {
  return Uint8Array.of(0xf8, index % 256, 7, 7);
}

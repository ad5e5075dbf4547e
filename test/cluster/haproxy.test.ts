import { request } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { VoiceClient } from '../../src/client/voice-client.js';
import { FaultWorld } from '../faults/fault-world.js';
import { eventually } from '../support/eventually.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { Subscriber } from '../support/subscriber.js';
import { ask } from '../support/test-server.js';
import { BALANCER_ADDRESS, HaproxyRun } from './haproxy-run.js';

const BANNED_ADDRESS = '127.0.0.66';
const BAN = `mutation ($input: CreateBanInput!) { createBan(input: $input) { ban { id } errors { code } } }`;
const WATCHED = `subscription ($organizationId: ID) { sessionEvents(organizationId: $organizationId) {
  __typename ... on SessionEvent { type } } }`;

describe('HAProxy with config/haproxy.cfg before two nodes', () => {
  let world: FaultWorld;
  let haproxy: HaproxyRun;

  beforeAll(async () => {
    const environment = { PARLEY_SERVER_PROXY_PROTOCOL_FROM: BALANCER_ADDRESS };
    world = await FaultWorld.start({ nodes: 2, users: 4, channels: 1, environment });
    const [first, second] = world.nodes;
    if (first === undefined || second === undefined) throw new Error('there are two nodes');
    haproxy = await HaproxyRun.start([first.ports, second.ports]);
  }, 120_000);
  afterAll(async () => {
    await haproxy?.stop();
    await world?.stop();
  });

  const connect = (user: number, port: number) =>
    VoiceClient.connect({
      ...{ host: '127.0.0.1', port, insecure: true, clientName: 'test' },
      credentials: { accessToken: world.town.tokens[user] ?? '' },
    });

  it('carries GraphQL, REST and subscriptions, and voice clients by TLS, whose voice goes past it by UDP', async () => {
    const { town, adminToken } = world;
    const asked = await ask<{ readonly me: { readonly username: string } }, unknown>(
      haproxy.url,
      '{ me { username } }',
      {},
      adminToken,
    );
    expect(asked.data?.me.username).toBe('admin');
    const rest = await fetch(`${haproxy.url}/api/v1/channels/${town.channelIds[0]}/users`, {
      headers: { authorization: `Bearer ${adminToken}` },
    });
    expect(rest.status).toBe(200);
    const subscriber = new Subscriber(haproxy.url, adminToken);
    const stream = subscriber.subscribe<unknown, unknown>(WATCHED, { organizationId: town.organizationId });
    await stream.answer();
    const [alice, bob] = [await connect(0, haproxy.controlPort), await connect(1, haproxy.controlPort)];
    const [channel = 0] = town.channelIds;
    for (const client of [alice, bob]) await client.join(channel);
    const heard: number[] = [];
    bob.on('voice', ({ frameNumber }) => heard.push(frameNumber));
    await eventually(() => {
      alice.sendVoice(channel, heard.length + 1, Buffer.from('hello'), false);
      return heard.length > 3;
    });
    expect([alice.pathMode, bob.pathMode]).toEqual(['udp', 'udp']);
    await eventually(() => stream.answers.length > 1);
    await subscriber.close();
    await Promise.all([alice.close(), bob.close()]);
  });

  it('tells nodes the addresses of clients, so that a ban of one is none of all', async () => {
    const { town, adminToken } = world;
    const input = { organizationId: town.organizationId, addressRange: `${BANNED_ADDRESS}/32`, reason: 'test' };
    const { data } = await ask<{ readonly createBan: { readonly errors: readonly unknown[] } }, unknown>(
      haproxy.url,
      BAN,
      { input },
      adminToken,
    );
    expect(data?.createBan.errors).toEqual([]);
    const token = town.tokens[2] ?? '';
    expect(await codeOf(haproxy.apiPort, token, BANNED_ADDRESS)).toContain('BANNED');
    expect(await codeOf(haproxy.apiPort, token, '127.0.0.67')).toContain('username');
    const way = await FaultProxy.start({ port: haproxy.controlPort, localAddress: BANNED_ADDRESS });
    await expect(connect(2, way.port)).rejects.toMatchObject({ code: 'BANNED' });
    await way.close();
    const other = await connect(2, haproxy.controlPort);
    await other.close();
  });

  it('believes nobody else who says where they come from', async () => {
    const { http } = world.node.ports;
    const header = Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000207c63364019c402328', 'hex');
    const answer = await exchange(
      http,
      Buffer.concat([header, Buffer.from('GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n')]),
    );
    expect(answer).toMatch(/^HTTP\/1.1 400/);
  });

  it('sends nobody to a node that is gone, and everybody to it again once it is back', async () => {
    const [first] = world.nodes;
    await first?.kill();
    const isDown = (backend: string) => haproxy.said.includes(`Server ${backend}/node1 is DOWN`);
    await eventually(() => isDown('control_nodes') && isDown('api_nodes'));
    for (let attempt = 0; attempt < 4; attempt += 1) {
      expect((await fetch(`${haproxy.url}/health/ready`)).status).toBe(200);
      await (await connect(3, haproxy.controlPort)).close();
    }
    await first?.restart();
    await eventually(() => haproxy.said.includes('Server control_nodes/node1 is UP'));
  });
});

/** Asks who one is from an address of loopback, and returns the answer. */
function codeOf(port: number, token: string, localAddress: string): Promise<string> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path: '/graphql', method: 'POST', headers, localAddress },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve(text));
      },
    );
    sent.on('error', reject);
    sent.end(JSON.stringify({ query: '{ me { username } }' }));
  });
}

/** Sends bytes and returns what comes back until the end. */
async function exchange(port: number, bytes: Uint8Array): Promise<string> {
  const socket = connectTcp(port, '127.0.0.1');
  socket.write(bytes);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

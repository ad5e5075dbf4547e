import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { VoiceClient } from '../../src/client/voice-client.js';
import { ErrorCode } from '../../src/protocol/generated/control_pb.js';
import { eventually } from '../support/eventually.js';
import { present } from '../support/test-server.js';
import { type ClientBody, RawControl } from '../voice/raw-control.js';
import { ClusterWorld, PASSWORD, type PlacedOrganization, START_TIMEOUT_MS } from './cluster-world.js';

let world: ClusterWorld;
let organization: PlacedOrganization;
beforeAll(async () => {
  world = await ClusterWorld.start({ nodes: 3 });
}, START_TIMEOUT_MS);
beforeEach(async () => {
  organization = await world.organization('alice', 'bob', 'carol');
});
afterAll(() => world.stop());

/** The index of the node at which the organization is placed: somebody of it has knocked before. */
const place = () => world.placeOf(organization);
const another = async () => ((await place()) + 1) % 3;

function loginBody(username: string, followsRedirects: boolean): ClientBody {
  const password = { organizationTag: organization.tag, username, password: PASSWORD };
  const credentials = { case: 'password', value: password } as const;
  return { case: 'login', value: { protocolVersion: 1, clientName: 'raw', credentials, followsRedirects } };
}

function ticketBody(ticket: Uint8Array): ClientBody {
  const credentials = { case: 'ticket', value: ticket } as const;
  return { case: 'login', value: { protocolVersion: 1, clientName: 'raw', credentials } };
}

/** What a login that follows redirects is answered with at a node where its organization is not. */
async function redirectOf(username: string) {
  const control = await RawControl.open(world.node(await another()).controlPort);
  const answer = await control.request(loginBody(username, true));
  await eventually(() => control.isClosed);
  if (answer.case !== 'redirect') throw new Error(`answered by ${answer.case}`);
  return { ...answer.value, node: present(answer.value.node) };
}

async function answerTo(port: number, body: ClientBody) {
  const control = await RawControl.open(port);
  const answer = await control.request(body);
  control.socket.destroy();
  return answer;
}

describe('wherever the clients of an organization knock', () => {
  it('they are served at the one node where it is placed, and hear each other there', async () => {
    const clients: VoiceClient[] = [];
    for (const [index, username] of ['alice', 'bob', 'carol'].entries()) {
      const client = await world.enter(index, organization, username);
      await client.join(organization.channelId);
      clients.push(client);
    }
    const homes = await Promise.all(clients.map((client) => world.homeOf(client)));
    expect(homes).toEqual(Array(3).fill(await place()));
    const [alice, , carol] = clients;
    const heard: number[] = [];
    carol?.on('voice', ({ frameNumber }) => heard.push(frameNumber));
    await eventually(() => {
      alice?.sendVoice(organization.channelId, heard.length + 1, Buffer.from('opus'), false);
      return heard.length > 0;
    });
  });

  it('one that does not follow redirects is served there', async () => {
    const alice = await world.enter(0, organization, 'alice');
    expect(await world.homeOf(alice)).toBe(await place());
    const index = await another();
    const control = await RawControl.open(world.node(index).controlPort);
    expect(await control.request(loginBody('bob', false))).toMatchObject({ case: 'welcome' });
    expect(await world.sessionNode(alice.identity.userId)).not.toBe(await world.sessionNode(alice.identity.userId + 1));
    control.socket.destroy();
  });

  it('one whose password is wrong is not sent anywhere', async () => {
    const wrong = { organizationTag: organization.tag, username: 'alice', password: 'a wrong password' };
    await world.enter(0, organization, 'bob');
    const body: ClientBody = {
      case: 'login',
      value: { protocolVersion: 1, followsRedirects: true, credentials: { case: 'password', value: wrong } },
    };
    expect(await answerTo(world.node(await another()).controlPort, body)).toMatchObject({
      case: 'refused',
      value: { code: ErrorCode.INVALID_CREDENTIALS },
    });
  });
});

describe('a ticket', () => {
  beforeEach(async () => {
    await world.enter(0, organization, 'carol');
  });

  it('lets its holder in without a password, once', async () => {
    const { node, ticket, validMs } = await redirectOf('alice');
    expect(node.port).toBe(world.node(await place()).controlPort);
    expect(Buffer.from(node.certificateSha256).toString('hex').toUpperCase()).toBe(
      world.node(await place()).certificateFingerprint.replaceAll(':', ''),
    );
    expect(validMs).toBe(30_000);
    expect(await answerTo(node.port, ticketBody(ticket))).toMatchObject({
      case: 'welcome',
      value: { username: 'alice' },
    });
    expect(await answerTo(node.port, ticketBody(ticket))).toMatchObject(refusedTicket);
  });

  it('is good at the node that it names, and nowhere else', async () => {
    const { ticket } = await redirectOf('alice');
    const port = world.node(await another()).controlPort;
    expect(await answerTo(port, ticketBody(ticket))).toMatchObject(refusedTicket);
  });

  it('that is changed anywhere, cut or made up is refused, and uses up nothing', async () => {
    const { node, ticket } = await redirectOf('alice');
    const changed = [0, 31, 32, 60, ticket.length - 1].map((at) => {
      const copy = Uint8Array.from(ticket);
      copy[at] = (copy[at] ?? 0) ^ 1;
      return copy;
    });
    for (const bad of [...changed, ticket.subarray(0, 20), ticket.subarray(0, -1), new Uint8Array(0)]) {
      expect(await answerTo(node.port, ticketBody(bad))).toMatchObject(refusedTicket);
    }
    expect(await answerTo(node.port, ticketBody(ticket))).toMatchObject({ case: 'welcome' });
  });

  it('lets nobody in whose password was changed meanwhile', async () => {
    const { node, ticket } = await redirectOf('alice');
    const token = await world.token(organization.tag, 'alice');
    const { errors } = await world.ask(
      0,
      `mutation { changePassword(input: { currentPassword: "${PASSWORD}", newPassword: "another password of alice" }) { errors { message } } }`,
      {},
      token,
    );
    expect(errors).toEqual([]);
    expect(await answerTo(node.port, ticketBody(ticket))).toMatchObject({
      case: 'refused',
      value: { code: ErrorCode.UNAUTHENTICATED },
    });
  });
});

it('a client whose node dies comes back at another by itself, wherever it knocked first', async () => {
  const alice = await world.enter(0, organization, 'alice');
  const home = await world.homeOf(alice);
  const back = new Promise<boolean>((resolve) => alice.once('reconnected', resolve));
  process.kill(world.node(home).pid, 'SIGKILL');
  expect(await back).toBe(false);
  expect(await world.homeOf(alice)).not.toBe(home);
  await alice.join(organization.channelId);
  // The node that died is still among those who live for a moment: who is sent there is served here all the same.
  const bob = await world.enter((home + 1) % 3, organization, 'bob');
  expect(await world.homeOf(bob)).not.toBe(home);
});

const refusedTicket = { case: 'refused', value: { code: ErrorCode.UNAUTHENTICATED } };

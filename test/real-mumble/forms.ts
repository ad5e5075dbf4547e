/** The ways in which Mumble's own client is heard and hears. Each runs until enough of the tone was heard. */
import type { VoiceClient } from '../../src/client/voice-client.js';
import { UdpBlocked } from './udp-blocked.js';
import { waitUntil } from './wait-until.js';
import type { Username, World } from './world.js';

/** How much of the tone has to be heard, in seconds. */
const NEEDED_S = 2;
/** Packets of two seconds, where a packet has the longest sound that Mumble's client puts into one: 60 ms. */
const NEEDED_PACKETS = 33;

export interface Form {
  readonly claim: string;
  /** Returns what was seen. Throws where it was not. */
  readonly run: (world: World) => Promise<string>;
}

export const FORMS: readonly Form[] = [
  { claim: 'a Mumble client hears another by UDP', run: byUdp },
  { claim: "Mumble's client and Parley's own hear each other, the same packets both ways", run: acrossWorlds },
  { claim: 'a Mumble client hears another where the network lets no UDP pass', run: withoutUdp },
];

async function byUdp(world: World): Promise<string> {
  await using _alice = await world.mumble({ username: 'alice', isTalking: true, channel: 'Lobby' });
  await using _bob = await world.mumble({ username: 'bob', isTalking: false, channel: 'Lobby' });
  await using _tone = world.desktop.sayTone('alice');
  await hears(world, 'bob');
  const before = await datagrams(world);
  await waitUntil('voice of Mumble clients by UDP, both ways', async () => {
    const { received, sent } = await datagrams(world);
    return received - before.received >= NEEDED_PACKETS && sent - before.sent >= NEEDED_PACKETS;
  });
  return `the tone for ${await hears(world, 'bob')} s`;
}

/** Carol hears alice in one channel with Parley's own client, and says the same packets in the other, where bob is. */
async function acrossWorlds(world: World): Promise<string> {
  const carol = await world.parleyClient('carol');
  try {
    const [lobby, squad] = [world.channelId('Lobby'), world.channelId('Squad')];
    await carol.join(lobby);
    await carol.join(squad);
    const passedOn = passOn(carol, squad);
    await using _alice = await world.mumble({ username: 'alice', isTalking: true, channel: 'Lobby' });
    await using _bob = await world.mumble({ username: 'bob', isTalking: false, channel: 'Squad' });
    await using _tone = world.desktop.sayTone('alice');
    const seconds = await hears(world, 'bob');
    return `the tone for ${seconds} s, ${passedOn()} packets passed on`;
  } finally {
    await carol.close();
  }
}

async function withoutUdp(world: World): Promise<string> {
  await using blocked = await UdpBlocked.start(world.server.host, world.server.mumblePort);
  const { port } = blocked;
  const before = await datagrams(world);
  await using _alice = await world.mumble({ username: 'alice', isTalking: true, channel: 'Lobby', port });
  await using _bob = await world.mumble({ username: 'bob', isTalking: false, channel: 'Lobby', port });
  await using _tone = world.desktop.sayTone('alice');
  const seconds = await hears(world, 'bob');
  const { received, sent } = await datagrams(world);
  if (received !== before.received || sent !== before.sent) throw new Error('datagrams have passed');
  if (blocked.vanished === 0) throw new Error('nobody has tried UDP');
  return `the tone for ${seconds} s, ${blocked.vanished} datagrams vanished`;
}

/** Waits until enough of the tone was heard from now on, and returns for how long it was. */
async function hears(world: World, username: Username): Promise<number> {
  await using ear = world.desktop.listen(username);
  await waitUntil(`the tone at ${username}'s ear`, () => ear.meter.seconds >= NEEDED_S);
  return ear.meter.seconds;
}

/** Says what is heard again elsewhere, packet by packet; the returned function tells how many there were. */
function passOn(client: VoiceClient, channelId: number): () => number {
  let count = 0;
  client.on('voice', ({ frameNumber, opus, endOfTalk }) => {
    count += 1;
    client.sendVoice(channelId, frameNumber, opus, endOfTalk);
  });
  return () => count;
}

async function datagrams(world: World): Promise<{ readonly received: number; readonly sent: number }> {
  return {
    received: await world.counter('mumble_datagrams_received_total'),
    sent: await world.counter('mumble_datagrams_sent_total'),
  };
}

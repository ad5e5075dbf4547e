import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DemoApi } from '../../scripts/demo-api.js';
import { DemoServer } from '../../scripts/demo-server.js';
import { VoiceClient } from '../../src/client/voice-client.js';
import { Desktop } from './desktop.js';
import { startMumble } from './mumble-program.js';
import type { Program } from './program.js';
import { holdsWithin, waitUntil } from './wait-until.js';

const ORGANIZATION = 'demo';
/** A client whose sound has not begun so long after it is in its channel will not begin it, in milliseconds. */
const SOUND_MS = 10_000;
const MAX_STARTS = 6;
const PASSWORD = 'a password for the test';
const USERNAMES = ['alice', 'bob', 'carol', 'watcher'] as const;

export type Username = (typeof USERNAMES)[number];

export interface MumbleStart {
  /** Somebody who has a place at the desktop. */
  readonly username: 'alice' | 'bob';
  /** False for a client that only listens. */
  readonly isTalking: boolean;
  /** Where it is in the end; the first one is where it is brought to. */
  readonly channel: 'Lobby' | 'Squad';
  /** Another way to the server than the straight one. */
  readonly port?: number;
}

/** A server of its own, an organization with three people and two channels, and a desktop for Mumble's clients. */
export class World implements AsyncDisposable {
  readonly server: DemoServer;
  readonly desktop: Desktop;
  readonly #folder: string;
  /** Somebody who sees who is where. */
  readonly #watcher: VoiceClient;

  static async start(): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'parley-mumble-'));
    const server = await DemoServer.start();
    const api = new DemoApi(server.httpUrl);
    await api.login('admin', server.adminPassword);
    const organizationId = await api.createOrganization('Demo', ORGANIZATION);
    const roleId = await api.createSpeakerRole(organizationId, 'speakers', []);
    for (const name of USERNAMES) await api.createUser(organizationId, name, PASSWORD, roleId);
    await api.createChannel(organizationId, 'Squad');
    const desktop = await Desktop.start(folder, ['alice', 'bob']);
    return new World(folder, server, desktop, await parleyClient(server, 'watcher'));
  }

  private constructor(folder: string, server: DemoServer, desktop: Desktop, watcher: VoiceClient) {
    this.#folder = folder;
    this.server = server;
    this.desktop = desktop;
    this.#watcher = watcher;
  }

  /**
   * Starts a Mumble client and waits until it is where it is to be and its sound has begun. Now and then the client of
   * Debian opens no stream to play to, whatever the server: then it is started again, as a person would.
   */
  async mumble(start: MumbleStart): Promise<Program> {
    for (let attempt = 1; attempt <= MAX_STARTS; attempt += 1) {
      const program = await this.#startMumble(start);
      if (await holdsWithin(SOUND_MS, () => this.desktop.hasSound(start.username))) return program;
      await program[Symbol.asyncDispose]();
    }
    throw new Error(`${start.username}'s client has no sound, started ${MAX_STARTS} times`);
  }

  async #startMumble({ username, isTalking, channel, port = this.server.mumblePort }: MumbleStart): Promise<Program> {
    const channelId = this.channelId(channel);
    await waitUntil(`no ${username} of before`, () => !this.#isIn(username, channelId));
    const program = await startMumble(this.desktop, {
      ...{ host: this.server.host, port, organizationTag: ORGANIZATION, username, password: PASSWORD },
      ...{ isTalking, channel },
    });
    await waitUntil(`${username} in ${channel}`, () => this.#isIn(username, channelId) || program.failIfEnded());
    return program;
  }

  parleyClient(username: Username): Promise<VoiceClient> {
    return parleyClient(this.server, username);
  }

  channelId(name: string): number {
    const channel = [...this.#watcher.channels.values()].find((each) => each.name === name);
    if (channel === undefined) throw new Error(`there is no ${name}`);
    return channel.id;
  }

  /** What the server's metrics say of a counter, its labels left out. */
  async counter(name: string): Promise<number> {
    const text = await (await fetch(this.server.metricsUrl)).text();
    const values = text.split('\n').filter((line) => line.startsWith(`parley_${name}`));
    return values.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watcher.close();
    await this.desktop[Symbol.asyncDispose]();
    await this.server.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #isIn(username: string, channelId: number): boolean {
    return [...this.#watcher.sessions.values()].some(
      (session) => session.username === username && session.channelIds.includes(channelId),
    );
  }
}

function parleyClient(server: DemoServer, username: string): Promise<VoiceClient> {
  return VoiceClient.connect({
    host: server.host,
    port: server.controlPort,
    insecure: true,
    credentials: { organizationTag: ORGANIZATION, username, password: PASSWORD },
    clientName: 'test',
  });
}

/** A voice world with the door of Mumble's clients beside Parley's own. */
import { Client, type ClientOptions } from '@tf2pickup-org/mumble-client';
import { pino } from 'pino';
import { MumbleDoor, type MumbleDoorOptions } from '../../src/mumble/mumble-door.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD } from '../support/test-services.js';
import { selfSigned } from '../voice/self-signed.js';
import { VoiceWorld, type VoiceWorldOptions } from '../voice/voice-world.js';
import { RawMumble, type RawMumbleOptions } from './raw-mumble.js';

export interface MumbleWorldOptions extends VoiceWorldOptions {
  readonly mumble?: Partial<
    Pick<MumbleDoorOptions, 'tenants' | 'answerPings' | 'handshakeTimeoutMs' | 'requestsCertificate'>
  >;
}

export class MumbleWorld {
  readonly voice: VoiceWorld;
  readonly door: MumbleDoor;
  /** What the door logged as JSON, at the levels warn and above. */
  readonly complaints: readonly string[];
  readonly #clients: { disconnect(): unknown }[] = [];

  static async open({ mumble = {}, ...options }: MumbleWorldOptions = {}): Promise<MumbleWorld> {
    const voice = await VoiceWorld.open(options);
    const complaints: string[] = [];
    const door = await MumbleDoor.start({
      bindAddress: '127.0.0.1',
      port: 0,
      tls: await selfSigned(),
      handshakeTimeoutMs: 10_000,
      host: voice.host,
      services: voice.services,
      events: voice.services.test.events,
      tenants: { hostPattern: 'TAG.voice.example', defaultOrganization: null },
      answerPings: true,
      requestsCertificate: true,
      maxUsers: 2000,
      logger: pino({ level: 'warn' }, { write: (line: string) => complaints.push(line) }),
      ...mumble,
    });
    return new MumbleWorld(voice, door, complaints);
  }

  private constructor(voice: VoiceWorld, door: MumbleDoor, complaints: readonly string[]) {
    this.voice = voice;
    this.door = door;
    this.complaints = complaints;
  }

  /** A client of the independent library that has logged in and come to its first channel, if it may. */
  async client(tag: string, username: string, options: Partial<ClientOptions> = {}): Promise<Client> {
    const client = new Client({
      host: '127.0.0.1',
      port: this.door.port,
      username: `${username}@${tag}`,
      password: PASSWORD,
      rejectUnauthorized: false,
      ...options,
    });
    this.#clients.push(client);
    await client.connect();
    return client;
  }

  /** A connection that has said nothing yet. */
  async raw(options: Partial<RawMumbleOptions> = {}): Promise<RawMumble> {
    const raw = await RawMumble.open({ port: this.door.port, ...options });
    this.#clients.push(raw);
    return raw;
  }

  /** A raw client that has logged in and come to its first channel. */
  async loggedIn(tag: string, username: string, options: Partial<RawMumbleOptions> = {}): Promise<RawMumble> {
    const raw = await this.raw(options);
    await raw.logIn(`${username}@${tag}`, PASSWORD);
    return raw;
  }

  /** Ends all that was connected, and waits until the server knows. */
  async disconnectAll(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.disconnect();
    await this.voice.disconnectAll();
    await eventually(async () => (await this.door.counters()).newcomers === 0);
  }

  async close(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.disconnect();
    await this.door.close();
    await this.voice.close();
  }
}

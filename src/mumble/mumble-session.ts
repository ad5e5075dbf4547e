import type { SessionId, UserId } from '../ids.js';
import { type ChannelId, organizationId } from '../ids.js';
import { NO_PERMISSIONS, type PermissionMask } from '../permissions/bits.js';
import type { Welcome } from '../protocol/generated/control_pb.js';
import type { MumblePing, MumbleVersion } from '../protocol/generated/mumble_pb.js';
import type { ControlRequests } from '../voice/control-requests.js';
import type { OrganizationFacts } from '../voice/organization-facts.js';
import type { OrganizationView, ViewedSession } from '../voice/organization-view.js';
import type { VoicePlaces } from './gateway-messages.js';
import type { MumbleConnection } from './mumble-connection.js';
import { encodeMessage, type MumbleMessage } from './mumble-messages.js';
import { channelBits, rootBits } from './mumble-permissions.js';
import type { MumblePorts } from './mumble-ports.js';
import { MumbleRequests } from './mumble-requests.js';
import { MumbleVoice } from './mumble-voice.js';
import { type OrganizationMirror, ROOT_ID } from './organization-mirror.js';

/** CELT 0.7.0, which clients of old want to hear of though nobody speaks it. */
const CELT_VERSION = -2_147_483_637;
/** What text a client may write, in characters with its tags; the words in it are judged by themselves. */
const MESSAGE_LENGTH = 5000;

export interface MumbleSessionOptions {
  readonly welcome: Welcome;
  /** Passwords of channels. */
  readonly tokens: readonly string[];
  readonly version: MumbleVersion | null;
  readonly connection: MumbleConnection;
  readonly requests: ControlRequests;
  readonly remoteAddress: string;
}

/** A Mumble client that has logged in: its session, its voice, and what it sees. */
export class MumbleSession {
  readonly sessionId: SessionId;
  readonly userId: UserId;
  readonly organizationId;
  readonly voice: MumbleVoice;
  readonly mirror: OrganizationMirror;
  readonly version: MumbleVersion | null;
  /** Passwords of channels, as the client has told them last. */
  tokens: readonly string[];
  /** The whisper target of each voice target that the client has set, by its id. */
  readonly whisperTargets = new Map<number, number>();
  readonly #ports: MumblePorts;
  readonly #options: MumbleSessionOptions;
  readonly #requests: MumbleRequests;

  constructor(ports: MumblePorts, options: MumbleSessionOptions) {
    const { welcome, tokens, version, connection, requests, remoteAddress } = options;
    const { host, gateway, randomBytes } = ports;
    this.#ports = ports;
    this.#options = options;
    this.sessionId = welcome.sessionId as SessionId;
    this.userId = welcome.userId as UserId;
    this.organizationId = organizationId(welcome.organizationId);
    this.tokens = tokens;
    this.version = version;
    this.mirror = ports.mirrorOf(this.organizationId);
    const { sessionId } = this;
    this.voice = new MumbleVoice({
      sessionId,
      clientKey: welcome.voice?.clientKey ?? new Uint8Array(),
      remoteAddress,
      gateway,
      isLocal: gateway.isIn(host.feed.relayOf({ id: sessionId })),
      places: () => this.#places(),
      randomBytes,
      toRelay: (packet) => {
        const session = this.viewed()?.session;
        if (session !== undefined) host.feed.relayOf(session).receiveTunneled(sessionId, packet);
      },
      tellSetup: (setup) => connection.send(encodeMessage('cryptSetup', setup)),
      toTunnel: (packet) => connection.sendVoice(packet),
      askForNonce: () => connection.send(encodeMessage('cryptSetup', {})),
      onHeard: () => connection.heard(),
    });
    this.#requests = new MumbleRequests(ports, this, { connection, requests, remoteAddress });
  }

  /** What voice knows of the organization; undefined where the session has just ended. */
  view(): OrganizationView | undefined {
    return this.#ports.host.feed.viewOf(this.organizationId);
  }

  facts(): OrganizationFacts | undefined {
    return this.view()?.facts ?? undefined;
  }

  viewed(): ViewedSession | undefined {
    return this.view()?.sessions.get(this.sessionId);
  }

  /** What the user may do in a channel, and in the organization for the root, in the bits of Mumble. */
  bitsIn(channelId: number): number {
    const facts = this.facts();
    if (channelId === ROOT_ID) return rootBits(facts?.permissionsAtLarge(this.userId) ?? NO_PERMISSIONS);
    return channelBits(this.maskIn(channelId));
  }

  maskIn(channelId: number): PermissionMask {
    return this.facts()?.permissionsIn(channelId as ChannelId, this.userId) ?? NO_PERMISSIONS;
  }

  /** Tells the client all that there is, and that it is in. */
  begin(): void {
    const { connection } = this.#options;
    const { terms } = this.#ports.host;
    const { sessionId, userId } = this;
    const view = this.view();
    if (view === undefined) throw new Error('the organization is not followed');
    const { facts } = view;
    const send = (frames: Uint8Array) => connection.send(frames);
    send(encodeMessage('cryptSetup', this.voice.setup));
    send(encodeMessage('codecVersion', { alpha: CELT_VERSION, beta: 0, preferAlpha: true, opus: true }));
    send(this.mirror.enter(view, { sessionId, userId, send, onChanged: () => this.voice.updatePlaces() }));
    send(encodeMessage('permissionQuery', { channelId: ROOT_ID, permissions: this.bitsIn(ROOT_ID) }));
    send(
      encodeMessage('serverSync', {
        session: sessionId,
        maxBandwidth: terms.maxBitrate,
        welcomeText: '',
        permissions: BigInt(this.bitsIn(ROOT_ID)),
      }),
    );
    send(
      encodeMessage('serverConfig', {
        maxBandwidth: terms.maxBitrate,
        allowHtml: false,
        messageLength: MESSAGE_LENGTH,
        imageMessageLength: MESSAGE_LENGTH,
        maxUsers: this.#ports.maxUsers,
        recordingAllowed: facts?.recordingAllowed ?? false,
      }),
    );
    this.#ports.gateway.add(this.voice);
  }

  /** Nobody comes to sit in a place without sound: the client goes to the first channel that takes it. */
  enterFirstChannel(requestId: string): Promise<void> {
    return this.#requests.enterFirstChannel(requestId);
  }

  handle(message: MumbleMessage, requestId: string): Promise<void> {
    return this.#requests.handle(message, requestId);
  }

  /** What a ping of the client is answered with: what was counted of its datagrams. */
  countersFor(ping: MumblePing) {
    return this.voice.onPing(ping);
  }

  /** Normal talk goes to the channel that was joined last. */
  #places(): VoicePlaces {
    const channels = this.viewed()?.channelIds ?? [];
    return { channel: channels.at(-1) ?? null, channels, voiceTargets: [...this.whisperTargets] };
  }

  leave(): void {
    this.#ports.gateway.remove(this.voice);
    this.mirror.leave(this.sessionId);
  }
}

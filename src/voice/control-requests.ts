import { notFound, unreachable } from '../errors.js';
import type { LeaveReason } from '../events/domain-event.js';
import { type ChannelId, channelId, parseSerial, type WhisperTargetId } from '../ids.js';
import type { Login, Ping, Resume, SetWhisperTarget } from '../protocol/generated/control_pb.js';
import { MAX_PACKET_BYTES } from '../relay/packet.js';
import type { RequestContext, UserActor } from '../request-context.js';
import type { ModerationService } from '../sessions/moderation.service.js';
import type { Session } from '../sessions/session.js';
import type { ConnectionHandler, RequestBody } from './control-connection.js';
import type { ServerBody } from './control-frames.js';
import type { LiveSession } from './live-sessions.js';
import { moderate } from './moderate-request.js';
import { type PongBody, qualityMessage, qualityReport } from './quality-message.js';
import { type Opened, type OpeningPorts, type Proof, SessionOpening, type Visitor } from './session-opening.js';
import type { SessionRates } from './session-rates.js';
import { toWhisperTarget, whisperAudience } from './whisper-request.js';

/** What requests are answered with. */
export interface RequestPorts extends OpeningPorts {
  readonly moderation: ModerationService;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
}

/** The client of one connection. */
export interface Client extends Visitor {
  /** Called in the moment of the welcome. */
  readonly onOpen: () => void;
}

/** Which channel, and the password that it may have. */
interface Entrance {
  readonly channelId: number;
  readonly password: string;
}

/** Answers the requests of one client by the services. */
export class ControlRequests implements ConnectionHandler {
  readonly #ports: RequestPorts;
  readonly #client: Client;
  readonly #opening: SessionOpening;
  /** Null before the welcome. */
  #live: LiveSession | null = null;

  constructor(ports: RequestPorts, client: Client) {
    this.#ports = ports;
    this.#client = client;
    this.#opening = new SessionOpening(ports, client);
  }

  /** Who has logged in. Throws NOT_FOUND before the welcome. */
  get actor(): UserActor {
    if (this.#live === null) throw notFound('session');
    return this.#live.actor;
  }

  async login(login: Login, requestId: string, proof?: Proof): Promise<(messageId: number) => Uint8Array> {
    const open = await this.#opening.login(login, requestId, proof);
    return (messageId) => this.#open(open(messageId));
  }

  resume(resume: Resume, messageId: number): Uint8Array {
    return this.#open(this.#opening.resume(resume, messageId));
  }

  async request(body: RequestBody, requestId: string): Promise<ServerBody> {
    const [ctx, session] = this.#present(requestId);
    switch (body.case) {
      case 'join':
        await this.#join(ctx, session, body.value);
        break;
      case 'leave':
        await this.#ports.occupancy.leave(ctx, session.id, toChannelId(body.value.channelId));
        await this.#ports.feed.settled(session);
        break;
      case 'setSelfState':
        await this.#ports.sessions.setSelfState(ctx, session.id, body.value);
        await this.#ports.feed.settled(session);
        break;
      case 'sendText':
        this.#rates.takeText(this.#ports.nowMs());
        this.#ports.feed.sendText(session, body.value);
        break;
      case 'setWhisperTarget':
        return { case: 'whisperTargetSet', value: { targetId: await this.#setWhisper(session, body.value) } };
      case 'removeWhisperTarget':
        this.#ports.feed.removeWhisper(session, toWhisperTarget(body.value.targetId));
        await this.#ports.feed.settled(session);
        break;
      case 'listen':
        await this.#listen(ctx, session, body.value);
        break;
      case 'unlisten':
        this.#ports.occupancy.unlisten(ctx, session.id, toChannelId(body.value.channelId));
        await this.#ports.feed.settled(session);
        break;
      case 'moderate':
        this.#rates.takeModeration(this.#ports.nowMs());
        await moderate(this.#ports.moderation, ctx, body.value);
        await this.#ports.feed.settled(session);
        break;
      case 'ping':
        return { case: 'pong', value: await this.#ping(session, body.value) };
      default:
        unreachable(body);
    }
    return { case: 'done', value: {} };
  }

  tunneled(packet: Uint8Array): void {
    if (this.#live === null) return;
    const { session } = this.#live;
    // What is too long is dropped and counted by the relay, which one byte too many is enough for.
    this.#ports.feed.relayOf(session).receiveTunneled(session.id, packet.subarray(0, MAX_PACKET_BYTES + 1));
  }

  ended(reason: LeaveReason, isLost: boolean): void {
    this.#opening.abandon();
    if (this.#live === null) return;
    const { id } = this.#live.session;
    const { connection } = this.#client;
    if (isLost) this.#ports.live.lose(id, connection, reason);
    else this.#ports.live.leave(id, connection, reason);
  }

  #open({ live, frames }: Opened): Uint8Array {
    this.#live = live;
    this.#client.onOpen();
    return frames;
  }

  /** With a report of what has come of voice, the answer tells how it goes. */
  async #ping(session: Session, { timestamp, voice }: Ping): Promise<PongBody> {
    if (voice === undefined) return { timestamp };
    const { id } = session;
    const relay = this.#ports.feed.relayOf(session);
    relay.reportQuality(id, qualityReport(voice));
    const quality = (await relay.qualitiesOf([id])).get(id);
    return quality === undefined ? { timestamp } : { timestamp, voice: qualityMessage(quality) };
  }

  #setWhisper(session: Session, request: SetWhisperTarget): Promise<WhisperTargetId> {
    this.#rates.takeWhisperTarget(this.#ports.nowMs());
    const target = request.targetId === 0 ? null : toWhisperTarget(request.targetId);
    return this.#ports.feed.setWhisper(session, target, whisperAudience(request));
  }

  async #listen(ctx: RequestContext, session: Session, { channelId: number, password }: Entrance): Promise<void> {
    this.#rates.takeJoin(this.#ports.nowMs());
    const { occupancy, feed } = this.#ports;
    const id = toChannelId(number);
    await occupancy.listen(ctx, session.id, id, password);
    try {
      await feed.untilJoined(session, id);
    } catch (error) {
      // As with a join; the rules may have ended it already.
      if (this.#ports.sessions.isOpen(session.id)) occupancy.stopListening(ctx, session.id, id);
      throw error;
    }
  }

  async #join(ctx: RequestContext, session: Session, { channelId: number, password }: Entrance): Promise<void> {
    this.#rates.takeJoin(this.#ports.nowMs());
    const { occupancy, feed } = this.#ports;
    const id = toChannelId(number);
    await occupancy.join(ctx, session.id, id, password);
    try {
      await feed.untilJoined(session, id);
    } catch (error) {
      // Refused means that nothing has happened: whoever was let in and cannot stay is out again.
      await occupancy.leave(ctx, session.id, id).catch(() => undefined);
      throw error;
    }
  }

  get #rates(): SessionRates {
    if (this.#live === null) throw notFound('session');
    return this.#live.rates;
  }

  #present(requestId: string): readonly [RequestContext, Session] {
    if (this.#live === null) throw notFound('session');
    const { actor, session } = this.#live;
    const { door, remoteAddress } = this.#client;
    return [{ actor, door, requestId, remoteAddress }, session];
  }
}

/** A number from the network that cannot be a channel's is one that there is not. */
export function toChannelId(number: number): ChannelId {
  const serial = parseSerial(String(number));
  if (serial === undefined) throw notFound('channel');
  return channelId(serial);
}

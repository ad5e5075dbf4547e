import { create } from '@bufbuild/protobuf';
import { AppError, invalidInput, notFound } from '../errors.js';
import type { ChannelId, SessionId } from '../ids.js';
import { denied } from '../permissions/permission.service.js';
import {
  JoinSchema,
  LeaveSchema,
  ListenSchema,
  SendTextSchema,
  SetSelfStateSchema,
  UnlistenSchema,
} from '../protocol/generated/control_pb.js';
import type {
  MumbleCryptSetup,
  MumbleRequestBlob,
  MumbleTextMessage,
  MumbleUserState,
  MumbleUserStats,
} from '../protocol/generated/mumble_pb.js';
import type { RequestContext } from '../request-context.js';
import { type ControlRequests, toChannelId } from '../voice/control-requests.js';
import { SessionRates } from '../voice/session-rates.js';
import { htmlText, plainText } from './html-text.js';
import type { MumbleConnection } from './mumble-connection.js';
import { type Asked, denial } from './mumble-denial.js';
import { encodeMessage, type MumbleMessage } from './mumble-messages.js';
import { MumbleModeration } from './mumble-moderation.js';
import { MumblePermission } from './mumble-permissions.js';
import type { MumblePorts } from './mumble-ports.js';
import type { MumbleSession } from './mumble-session.js';
import { setVoiceTarget } from './mumble-voice-target.js';
import { descriptionFrame, ROOT_ID } from './organization-mirror.js';

/** Passwords that are tried for one entrance: each costs the server some work. */
const MAX_TOKENS_TRIED = 4;
/** Passwords that are kept for a client. */
const MAX_TOKENS = 32;
/** Receivers that one text names, and channels that one request listens to. */
const MAX_NAMED = 64;
const MAX_COMMENT_LENGTH = 4000;

/** What requests of one client go through. */
export interface RequestTools {
  readonly connection: MumbleConnection;
  readonly requests: ControlRequests;
  readonly remoteAddress: string;
}

/** Carries out what a Mumble client asks for by the requests of Parley's own protocol, and answers each refusal by PermissionDenied. */
export class MumbleRequests {
  readonly #ports: MumblePorts;
  readonly #session: MumbleSession;
  readonly #tools: RequestTools;
  readonly #rates: SessionRates;
  readonly #moderation: MumbleModeration;

  constructor(ports: MumblePorts, session: MumbleSession, tools: RequestTools) {
    this.#ports = ports;
    this.#session = session;
    this.#tools = tools;
    this.#rates = new SessionRates(ports.host.nowMs());
    this.#moderation = new MumbleModeration(ports, session, tools, this.#rates);
  }

  /** Goes to the first channel of the tree that needs no password, allows it and has a place; stays in the root where there is none. */
  async enterFirstChannel(requestId: string): Promise<void> {
    const facts = this.#session.facts();
    for (const { id, hasPassword } of facts?.channels.values() ?? []) {
      if (hasPassword || (this.#session.bitsIn(id) & MumblePermission.enter) === 0) continue;
      try {
        await this.#join(id, '', requestId);
        return;
      } catch (error) {
        if (!(error instanceof AppError) || error.kind === 'bug') throw error;
        if (error.code !== 'CHANNEL_FULL') return;
      }
    }
  }

  async handle(message: MumbleMessage, requestId: string): Promise<void> {
    try {
      await this.#carryOut(message, requestId);
    } catch (error) {
      if (!(error instanceof AppError) || error.kind === 'bug') throw error;
      this.#tools.connection.send(denial(error, this.#session.sessionId, askedBy(message)));
    }
  }

  async #carryOut({ name, value }: MumbleMessage, requestId: string): Promise<void> {
    const session = this.#session;
    switch (name) {
      case 'authenticate':
        session.tokens = value.tokens.slice(0, MAX_TOKENS);
        this.#send(
          encodeMessage('permissionQuery', { channelId: ROOT_ID, permissions: session.bitsIn(ROOT_ID), flush: true }),
        );
        break;
      case 'userState':
        await this.#onUserState(value, requestId);
        break;
      case 'textMessage':
        this.#sendText(value);
        break;
      case 'voiceTarget':
        await setVoiceTarget(this.#ports, session, this.#tools, value, requestId, this.#context(requestId));
        break;
      case 'permissionQuery': {
        const at = value.channelId ?? ROOT_ID;
        this.#send(encodeMessage('permissionQuery', { channelId: at, permissions: session.bitsIn(at) }));
        break;
      }
      case 'cryptSetup':
        await this.#onCryptSetup(value);
        break;
      case 'requestBlob':
        this.#sendBlobs(value);
        break;
      case 'userStats':
        await this.#sendStatistics(value);
        break;
      case 'queryUsers':
        this.#sendUsers(value.ids, value.names);
        break;
      case 'userRemove':
      case 'channelState':
      case 'channelRemove':
      case 'acl':
      case 'banList':
      case 'userList':
        await this.#moderation.handle({ name, value } as MumbleMessage, this.#context(requestId), requestId);
        break;
      // What only a server says, and what is done at once.
      default:
        throw new AppError('UNEXPECTED_MESSAGE', 'This is not for a client to say.');
    }
  }

  async #onUserState(state: MumbleUserState, requestId: string): Promise<void> {
    const { sessionId } = this.#session;
    if (state.userId !== undefined) throw denied('Users are registered through the API.');
    if (state.texture !== undefined && state.texture.length > 0)
      throw denied('This server keeps no pictures of users.');
    if ((state.session ?? sessionId) !== sessionId) {
      await this.#moderation.changeUser(state, requestId);
      return;
    }
    this.#requireFew(state.listeningChannelAdd.length);
    await this.#setSelfState(state, requestId);
    await this.#moderation.changeStanding(sessionId, state, requestId);
    if (state.channelId !== undefined) await this.#enter(state.channelId, state.temporaryAccessTokens, requestId);
    for (const id of state.listeningChannelRemove) await this.#unlisten(id, requestId);
    for (const id of state.listeningChannelAdd) await this.#listen(id, state.temporaryAccessTokens, requestId);
    if (state.comment !== undefined) this.#setComment(state.comment);
  }

  /** Who deafens is muted too, and who speaks again hears again: so do Mumble's clients think. */
  async #setSelfState({ selfMute, selfDeaf, recording }: MumbleUserState, requestId: string): Promise<void> {
    const former = this.#session.viewed()?.session;
    if (former === undefined || (selfMute === undefined && selfDeaf === undefined && recording === undefined)) return;
    const deafened = (selfDeaf ?? former.selfDeafened) && selfMute !== false;
    const muted = deafened || (selfMute ?? former.selfMuted);
    const value = create(SetSelfStateSchema, { muted, deafened, recording: recording ?? former.recording });
    await this.#tools.requests.request({ case: 'setSelfState', value }, requestId);
  }

  #setComment(comment: string): void {
    this.#rates.takeText(this.#ports.host.nowMs());
    const text = plainText(comment);
    if (text.length > MAX_COMMENT_LENGTH) {
      throw invalidInput(['text'], `A comment has at most ${MAX_COMMENT_LENGTH} characters.`, { rule: 'LENGTH' });
    }
    this.#session.mirror.setComment(this.#session.sessionId, htmlText(text));
  }

  /** A Mumble client is in one channel: it leaves the others once it is in. */
  async #enter(number: number, passwords: readonly string[], requestId: string): Promise<void> {
    const joined = this.#session.viewed()?.channelIds ?? [];
    const others = joined.filter((id) => id !== number);
    if (number !== ROOT_ID) {
      const id = toChannelId(number);
      try {
        if (!joined.includes(id))
          await this.#withPassword(passwords, (password) => this.#join(id, password, requestId));
      } catch (error) {
        const isFull = error instanceof AppError && error.code === 'QUOTA_EXCEEDED' && others.length > 0;
        if (!isFull) throw error;
        await this.#exchange(others, id, passwords, requestId);
        return;
      }
    }
    await this.#leaveAll(others, requestId);
  }

  /** Where a session may be in no more channels it leaves first, and goes back where it is not let in. */
  async #exchange(
    others: readonly ChannelId[],
    id: ChannelId,
    passwords: readonly string[],
    requestId: string,
  ): Promise<void> {
    await this.#leaveAll(others, requestId);
    try {
      await this.#withPassword(passwords, (password) => this.#join(id, password, requestId));
    } catch (error) {
      for (const former of others)
        await this.#withPassword(passwords, (password) => this.#join(former, password, requestId));
      throw error;
    }
  }

  async #leaveAll(ids: readonly ChannelId[], requestId: string): Promise<void> {
    for (const id of ids) {
      try {
        const value = create(LeaveSchema, { channelId: id });
        await this.#tools.requests.request({ case: 'leave', value }, requestId);
      } catch (error) {
        // Somebody else has taken it out already.
        if (!(error instanceof AppError) || error.code !== 'NOT_JOINED') throw error;
      }
    }
  }

  async #join(id: ChannelId, password: string, requestId: string): Promise<void> {
    const value = create(JoinSchema, { channelId: id, password });
    await this.#tools.requests.request({ case: 'join', value }, requestId);
  }

  async #listen(number: number, passwords: readonly string[], requestId: string): Promise<void> {
    const id = toChannelId(number);
    await this.#withPassword(passwords, async (password) => {
      const value = create(ListenSchema, { channelId: id, password });
      await this.#tools.requests.request({ case: 'listen', value }, requestId);
    });
  }

  async #unlisten(number: number, requestId: string): Promise<void> {
    const value = create(UnlistenSchema, { channelId: toChannelId(number) });
    await this.#tools.requests.request({ case: 'unlisten', value }, requestId);
  }

  /** Without a password, and then with those that the client has told, the newest first. */
  async #withPassword(newest: readonly string[], enter: (password: string) => Promise<void>): Promise<void> {
    const passwords = ['', ...new Set([...newest, ...this.#session.tokens].filter((token) => token !== ''))];
    const tried = passwords.slice(0, 1 + MAX_TOKENS_TRIED);
    for (const [index, password] of tried.entries()) {
      try {
        await enter(password);
        return;
      } catch (error) {
        const isWrong =
          error instanceof AppError && (error.code === 'PASSWORD_REQUIRED' || error.code === 'WRONG_PASSWORD');
        if (!isWrong || index === tried.length - 1) throw error;
      }
    }
  }

  /** A text to a tree goes to those of its channels to which the client may write. */
  #sendText({ session: sessions, channelId: channels, treeId: trees, message = '' }: MumbleTextMessage): void {
    this.#requireFew(sessions.length + channels.length + trees.length);
    const own = this.#session.viewed()?.session;
    const facts = this.#session.facts();
    if (own === undefined || facts === undefined) throw notFound('session');
    this.#rates.takeText(this.#ports.host.nowMs());
    const { feed } = this.#ports.host;
    const text = plainText(message);
    for (const id of sessions) {
      const receiver = this.#session.view()?.sessions.get(id as SessionId)?.session;
      if (receiver === undefined) throw notFound('user');
      feed.sendText(own, create(SendTextSchema, { receiver: { case: 'userId', value: receiver.userId }, text }));
    }
    for (const id of channels) {
      if (id === ROOT_ID) throw denied('Nobody is in the organization itself: write to a channel.', 'JOIN');
      feed.sendText(own, create(SendTextSchema, { receiver: { case: 'channelId', value: id }, text }));
    }
    for (const id of new Set(trees.flatMap((tree) => this.#tree(tree)))) {
      if ((this.#session.bitsIn(id) & MumblePermission.textMessage) === 0) continue;
      try {
        feed.sendText(own, create(SendTextSchema, { receiver: { case: 'channelId', value: id }, text }));
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'PASSWORD_REQUIRED') throw error;
      }
    }
  }

  #tree(id: number): ChannelId[] {
    const facts = this.#session.facts();
    if (facts === undefined) return [];
    return id === ROOT_ID ? [...facts.channels.keys()] : [...facts.subtree(toChannelId(id))];
  }

  async #onCryptSetup({ clientNonce }: MumbleCryptSetup): Promise<void> {
    if (clientNonce === undefined || clientNonce.length === 0) {
      const state = await this.#session.voice.state();
      if (state !== null) this.#send(encodeMessage('cryptSetup', { serverNonce: state.serverNonce }));
      return;
    }
    if (clientNonce.length !== 16) throw invalidInput(['nonce'], 'A nonce has 16 bytes.');
    this.#session.voice.resynchronize(clientNonce);
  }

  #sendBlobs({ sessionComment, channelDescription }: MumbleRequestBlob): void {
    this.#requireFew(sessionComment.length + channelDescription.length);
    for (const session of sessionComment) {
      const comment = this.#session.mirror.commentOf(session as SessionId);
      if (comment !== undefined) this.#send(encodeMessage('userState', { session, comment }));
    }
    for (const id of channelDescription) {
      const channel = this.#session.facts()?.channels.get(id as ChannelId);
      if (channel !== undefined) this.#send(descriptionFrame(channel));
    }
  }

  /** Of others no address and no certificate is told, and of those at another door no more than since when they are here. */
  async #sendStatistics({ session: asked, statsOnly = false }: MumbleUserStats): Promise<void> {
    const id = (asked ?? this.#session.sessionId) as SessionId;
    const viewed = this.#session.view()?.sessions.get(id);
    if (viewed === undefined) throw notFound('session');
    const onlinesecs = Math.max(0, Math.floor((Date.now() - viewed.session.connectedAt.getTime()) / 1000));
    const own = id === this.#session.sessionId;
    const { voice, version } = this.#session;
    const state = own ? await voice.state() : null;
    this.#send(
      encodeMessage('userStats', {
        session: id,
        statsOnly,
        onlinesecs,
        opus: true,
        ...(state !== null && { idlesecs: Math.floor(state.idleMs / 1000), fromClient: state.counters }),
        ...(own && !statsOnly && version !== null && { version }),
      }),
    );
  }

  /** The names of users by their ids and the ids by their names, as far as they are here. */
  #sendUsers(ids: readonly number[], names: readonly string[]): void {
    this.#requireFew(ids.length + names.length);
    const here = [...(this.#session.view()?.sessions.values() ?? [])].map(({ session }) => session);
    const found = here.filter(({ userId, username }) => ids.includes(userId) || names.includes(username));
    this.#send(
      encodeMessage('queryUsers', {
        ids: found.map(({ userId }) => userId),
        names: found.map(({ username }) => username),
      }),
    );
  }

  #requireFew(count: number): void {
    if (count > MAX_NAMED) throw invalidInput([], `Name at most ${MAX_NAMED} at once.`, { max: MAX_NAMED });
  }

  #context(requestId: string): RequestContext {
    const { actor } = this.#tools.requests;
    return { actor, door: 'mumble', requestId, remoteAddress: this.#tools.remoteAddress };
  }

  #send(frames: Uint8Array): void {
    this.#tools.connection.send(frames);
  }
}

/** What a refusal of this message is about. */
function askedBy({ name, value }: MumbleMessage): Asked {
  switch (name) {
    case 'userState':
      if (value.channelId !== undefined) {
        return { permission: MumblePermission.enter, channelId: value.channelId };
      }
      if (value.listeningChannelAdd.length > 0) {
        return { permission: MumblePermission.listen, channelId: value.listeningChannelAdd[0] ?? ROOT_ID };
      }
      return value.mute === undefined && value.deaf === undefined && value.prioritySpeaker === undefined
        ? {}
        : { permission: MumblePermission.muteDeafen };
    case 'textMessage':
      return { permission: MumblePermission.textMessage, channelId: value.channelId[0] ?? value.treeId[0] ?? ROOT_ID };
    case 'voiceTarget':
      return { permission: MumblePermission.whisper };
    case 'channelState':
      return value.channelId === undefined
        ? { permission: MumblePermission.makeChannel, channelId: value.parent ?? ROOT_ID }
        : { permission: MumblePermission.write, channelId: value.channelId };
    case 'channelRemove':
    case 'acl':
      return { permission: MumblePermission.write, channelId: value.channelId ?? ROOT_ID };
    case 'userRemove':
      return { permission: value.ban === true ? MumblePermission.ban : MumblePermission.kick, channelId: ROOT_ID };
    case 'banList':
      return { permission: MumblePermission.ban, channelId: ROOT_ID };
    case 'userList':
      return { permission: MumblePermission.register, channelId: ROOT_ID };
    default:
      return {};
  }
}

import { unreachable } from '../errors.js';
import type { DomainEvent, LeaveReason } from '../events/domain-event.js';
import type { ChannelId, SessionId } from '../ids.js';
import type { PresentSession, Session } from '../sessions/session.js';
import type { LiveChange, LiveSession, OccupancyEventType, Talk } from './live-event.js';

/**
 * Who is connected in an organization, where, and how: kept at what the events say, so that a snapshot and the events
 * after it fit together. An event that comes twice, or after its effect has been loaded, changes nothing and tells nothing.
 */
export class LiveView {
  readonly #sessions = new Map<SessionId, LiveSession>();

  /** All sessions, in the order of connecting as far as it is known. */
  get sessions(): Iterable<LiveSession> {
    return this.#sessions.values();
  }

  find(id: SessionId): LiveSession | undefined {
    return this.#sessions.get(id);
  }

  isSpeaking({ sessionId, channelId }: Talk): boolean {
    return this.#sessions.get(sessionId)?.speakingChannelIds.includes(channelId) ?? false;
  }

  /** Takes an event in and says what it changes. `sessionOf` gives a session as it is now. */
  apply(event: DomainEvent, sessionOf: (id: SessionId) => Session | undefined): readonly LiveChange[] {
    switch (event.type) {
      case 'session_opened':
        return this.#open(sessionOf(event.sessionId));
      case 'session_changed':
        return this.#change(sessionOf(event.sessionId));
      case 'session_closed':
        return this.#close(event.sessionId, event.reason, event.message);
      case 'channel_joined':
        return this.#join(event);
      case 'channel_left':
        return this.#leave(event, event.reason, event.movedTo ?? null);
      case 'speaking_changed':
        return this.#speak(event, event.isSpeaking);
      case 'user_credentials_changed':
      case 'login_ended':
      case 'api_key_revoked':
      case 'organization_created':
        return [];
      case 'organization_updated':
      case 'organization_deleted':
      case 'owner_changed':
      case 'user_created':
      case 'user_updated':
      case 'user_deleted':
      case 'ban_created':
      case 'ban_lifted':
      case 'role_created':
      case 'role_updated':
      case 'role_deleted':
      case 'role_assigned':
      case 'role_unassigned':
      case 'channel_created':
      case 'channel_updated':
      case 'channel_deleted':
      case 'channel_acl_changed':
        return [
          {
            kind: 'organization',
            type: event.type,
            channelId: 'channelId' in event ? event.channelId : null,
            userId: 'userId' in event ? event.userId : 'ownerId' in event ? event.ownerId : null,
            roleId: 'roleId' in event ? event.roleId : null,
            banId: 'banId' in event ? event.banId : null,
          },
        ];
      default:
        return unreachable(event);
    }
  }

  /** Takes the whole truth in, and says what was not known of it. */
  replace(truth: readonly PresentSession[]): readonly LiveChange[] {
    const changes: LiveChange[] = [];
    const present = new Map(truth.map((session) => [session.id, session]));
    for (const { id } of [...this.#sessions.values()]) {
      if (!present.has(id)) changes.push(...this.#close(id, 'disconnected', ''));
    }
    for (const { channelIds, ...session } of truth) {
      changes.push(...this.#open(session), ...this.#change(session));
      const known = this.#sessions.get(session.id)?.channelIds ?? [];
      for (const channelId of known.filter((id) => !channelIds.includes(id))) {
        changes.push(...this.#leave({ sessionId: session.id, channelId }, 'left', null));
      }
      for (const channelId of channelIds) changes.push(...this.#join({ sessionId: session.id, channelId }));
    }
    return changes;
  }

  #open(session: Session | undefined): LiveChange[] {
    if (session === undefined || this.#sessions.has(session.id)) return [];
    const opened = this.#put({ ...stateOf(session), channelIds: [], speakingChannelIds: [] });
    return [{ kind: 'session', type: 'opened', reason: null, message: null, session: opened }];
  }

  #change(session: Session | undefined): LiveChange[] {
    const former = session && this.#sessions.get(session.id);
    if (session === undefined || former === undefined) return [];
    const state = stateOf(session);
    const types = occupancyTypesOf(former, state);
    if (types.length === 0) return [];
    const { channelIds, speakingChannelIds } = former;
    const changed = this.#put({ ...state, channelIds, speakingChannelIds });
    const toldInChannels = channelIds.length > 0 ? types : [];
    return [
      { kind: 'session', type: 'changed', reason: null, message: null, session: changed },
      ...toldInChannels.map((type) => occupancyChange(type, null, changed)),
    ];
  }

  /** Who has ended is in no channel, so its channels are left here and now. */
  #close(id: SessionId, reason: LeaveReason, message: string): LiveChange[] {
    const known = this.#sessions.get(id);
    if (known === undefined) return [];
    const left = known.channelIds.flatMap((channelId) => this.#leave({ sessionId: id, channelId }, reason, null));
    const closed = this.#sessions.get(id) ?? known;
    this.#sessions.delete(id);
    return [...left, { kind: 'session', type: 'closed', reason, message: message || null, session: closed }];
  }

  #join({ sessionId, channelId }: Talk): LiveChange[] {
    const known = this.#sessions.get(sessionId);
    if (known === undefined || known.channelIds.includes(channelId)) return [];
    const session = this.#put({ ...known, channelIds: [...known.channelIds, channelId] });
    return [occupancyChange('joined', channelId, session)];
  }

  #leave({ sessionId, channelId }: Talk, reason: LeaveReason, movedTo: ChannelId | null): LiveChange[] {
    const known = this.#sessions.get(sessionId);
    if (known === undefined || !known.channelIds.includes(channelId)) return [];
    const others = (ids: readonly ChannelId[]) => ids.filter((id) => id !== channelId);
    const session = this.#put({
      ...known,
      channelIds: others(known.channelIds),
      speakingChannelIds: others(known.speakingChannelIds),
    });
    const type = movedTo === null ? 'left' : 'moved';
    return [{ ...occupancyChange(type, channelId, session), toChannelId: movedTo, reason }];
  }

  #speak({ sessionId, channelId }: Talk, isSpeaking: boolean): LiveChange[] {
    const known = this.#sessions.get(sessionId);
    if (known === undefined || !known.channelIds.includes(channelId)) return [];
    if (known.speakingChannelIds.includes(channelId) === isSpeaking) return [];
    const speakingChannelIds = isSpeaking
      ? [...known.speakingChannelIds, channelId]
      : known.speakingChannelIds.filter((id) => id !== channelId);
    const session = this.#put({ ...known, speakingChannelIds });
    return [occupancyChange(isSpeaking ? 'speaking_started' : 'speaking_stopped', channelId, session)];
  }

  #put(session: LiveSession): LiveSession {
    this.#sessions.set(session.id, session);
    return session;
  }
}

type SessionState = Omit<LiveSession, 'channelIds' | 'speakingChannelIds'>;

/** What is told of a session, and nothing else: not its address. */
function stateOf(session: Session): SessionState {
  const { id, userId, username, clientName, connectedAt, listeningChannelIds } = session;
  const { selfMuted, selfDeafened, muted, deafened, prioritySpeaker, recording } = session;
  return {
    ...{ id, userId, username, clientName, connectedAt, listeningChannelIds },
    ...{ selfMuted, selfDeafened, muted, deafened, prioritySpeaker, recording },
  };
}

/** Nothing where the two are the same. */
function occupancyTypesOf(former: SessionState, state: SessionState): readonly OccupancyEventType[] {
  const types: OccupancyEventType[] = [];
  const [wasMuted, isMuted] = [former, state].map(({ selfMuted, muted }) => selfMuted || muted);
  const [wasDeaf, isDeaf] = [former, state].map(({ selfDeafened, deafened }) => selfDeafened || deafened);
  if (wasMuted !== isMuted) types.push(isMuted === true ? 'muted' : 'unmuted');
  if (wasDeaf !== isDeaf) types.push(isDeaf === true ? 'deafened' : 'undeafened');
  if (types.length === 0 && !isSame(former, state)) types.push('changed');
  return types;
}

function isSame(former: SessionState, state: SessionState): boolean {
  return (
    former.username === state.username &&
    former.selfMuted === state.selfMuted &&
    former.muted === state.muted &&
    former.selfDeafened === state.selfDeafened &&
    former.deafened === state.deafened &&
    former.prioritySpeaker === state.prioritySpeaker &&
    former.recording === state.recording &&
    former.listeningChannelIds.join() === state.listeningChannelIds.join()
  );
}

function occupancyChange(
  type: OccupancyEventType,
  channelId: ChannelId | null,
  session: LiveSession,
): Extract<LiveChange, { kind: 'occupancy' }> {
  return { kind: 'occupancy', type, channelId, toChannelId: null, reason: null, session };
}

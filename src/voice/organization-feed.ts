import { AppError, notFound } from '../errors.js';
import type { LeaveReason } from '../events/domain-event.js';
import { type ChannelId, isWhisperTarget, type OrganizationId, type SessionId, type WhisperTargetId } from '../ids.js';
import { holds, Permission } from '../permissions/bits.js';
import type { LoadedPolicy } from '../permissions/permission.service.js';
import type { RouteUpdate } from '../relay/relay-update.js';
import { RepeatedTask } from '../repeated-task.js';
import { systemContext } from '../request-context.js';
import type { Session } from '../sessions/session.js';
import { type ControlClient, ControlEvents } from './control-events.js';
import type { ServerBody } from './control-frames.js';
import type { FeedPorts } from './feed-ports.js';
import type { ChannelKey } from './key-source.js';
import { OrganizationFacts } from './organization-facts.js';
import { heardChannels, isHearing, OrganizationView, type ViewedSession } from './organization-view.js';
import { PacedPublisher } from './paced-publisher.js';
import { endOf, refusalOfJoin } from './refusal.js';
import type { RelayHost } from './relay-host.js';
import { RouteFeed, type Target, type TargetTruth } from './route-feed.js';
import type { WhisperTargetIds } from './whisper-target-ids.js';
import { type WhisperAudience, Whispers } from './whispers.js';

/** A session whose rights are being loaded: nobody is told of it yet. */
interface Admission {
  session: Session;
  /** Why it has ended meanwhile, or null. */
  endedBy: LeaveReason | null;
}

/** Clients are told of changes at once, and then not more often than one millisecond per this many clients. */
const CLIENTS_PER_MS = 5;
const MAX_PUBLISH_INTERVAL_MS = 200;

/**
 * Keeps the relay and the clients of one organization at what is true. Joins and leaves come as events and need no
 * database; every change of rights makes it load the rules again. While that fails, what was last known holds.
 */
export class OrganizationFeed {
  readonly events = new ControlEvents();
  readonly view: OrganizationView;
  readonly #ports: FeedPorts;
  readonly #whispers: Whispers;
  readonly #routes: RouteFeed;
  readonly #admissions = new Map<SessionId, Admission>();
  readonly #refreshing: RepeatedTask;
  readonly #publisher: PacedPublisher;
  #isClosed = false;
  /** True once the sessions of other nodes were taken in. */
  #hasMet = false;

  constructor(organizationId: OrganizationId, ports: FeedPorts, whisperTargetIds: WhisperTargetIds) {
    this.view = new OrganizationView(organizationId);
    this.#ports = ports;
    this.#whispers = new Whispers(this.view, whisperTargetIds);
    this.#routes = new RouteFeed({
      ...ports,
      truthOf: (target) => (isWhisperTarget(target) ? this.#truthOfWhisper(target) : this.#truthOfChannel(target)),
      sendKey: (sessionIds, target, key) => this.#sendKey(sessionIds, target, key),
    });
    this.#publisher = new PacedPublisher({
      nowMs: ports.nowMs,
      intervalMs: () => Math.min(MAX_PUBLISH_INTERVAL_MS, this.events.receiverCount / CLIENTS_PER_MS),
      publish: () => {
        if (this.view.facts === null) return;
        this.events.publish(this.view);
        ports.onPublished(this.view);
      },
    });
    this.#refreshing = new RepeatedTask(() => this.#load(), ports.logger);
  }

  /** The worker of the relay that serves the organization. */
  get relay(): RelayHost {
    return this.#ports.relay;
  }

  /** True where nobody is at this node or about to come. */
  get isEmpty(): boolean {
    return this.#admissions.size === 0 && [...this.view.sessions.keys()].every((id) => !this.#isLocal(id));
  }

  /** What the relay was last told. */
  get routes(): Iterable<RouteUpdate> {
    return this.#routes.routes;
  }

  /** Takes a new session in and loads what it may do. Throws the reason where it has ended meanwhile, UNAVAILABLE where the database is away. */
  async admit(session: Session): Promise<void> {
    const admission: Admission = { session, endedBy: null };
    this.#admissions.set(session.id, admission);
    try {
      await this.refresh();
      await this.#meetOthers();
    } finally {
      this.#admissions.delete(session.id);
    }
    if (admission.endedBy !== null) throw endOf(admission.endedBy);
    this.view.putSession(admission.session);
    this.#touchWhispersOf(session.id);
    this.#publisher.schedule();
  }

  /** Tells a client from now on what happens. Returns the frames of the present state, with the keys that its session has. The view must have been loaded, and know the session. */
  enter(sessionId: SessionId, client: ControlClient): Uint8Array {
    const keys = this.#routes.keysOf(sessionId).flatMap(({ target, key }) => this.#keyMessage(target, key) ?? []);
    return this.events.enter(this.view, sessionId, client, keys);
  }

  /** Loads the rules again. Resolves when all that was committed before the call has been taken in and told to the relay. */
  refresh(): Promise<void> {
    return this.#refreshing.run();
  }

  /** Loads the rules again, and again until it succeeds. */
  refreshPersistently(): void {
    this.#refreshing.runUntilDone();
  }

  /** Resolves when the rules are loaded again, if they are to be. Rejects where they could not be. */
  refreshed(): Promise<void> {
    return this.#refreshing.settled();
  }

  /** Finds what an event should have told that was lost. Never rejects: what fails is tried again. */
  async heal(): Promise<void> {
    this.refreshPersistently();
    try {
      await this.refresh();
      await this.#healMembership();
    } catch {
      // The failure of the one run that both have asked for is told and repeated by the other.
    }
  }

  /** A session has joined a channel. */
  joined(channelId: ChannelId, sessionId: SessionId): void {
    if (!this.view.addMember(channelId, sessionId)) return;
    this.#touchStep(channelId, sessionId);
    this.#publisher.schedule();
    if (this.#mayHear(channelId, sessionId)) return;
    // Either the right was given a moment ago, or taken: the rules say which, and put out whoever may not stay.
    this.refresh().catch((error: unknown) => this.#routes.settleWaiters(channelId, sessionId, error));
  }

  /** A session is no longer in a channel. */
  left(channelId: ChannelId, sessionId: SessionId, reason: LeaveReason): void {
    if (!this.view.removeMember(channelId, sessionId)) return;
    const wasKeyed = this.#routes.forget(channelId, sessionId);
    this.#routes.settleWaiters(channelId, sessionId, refusalOfJoin(reason));
    if (wasKeyed && reason !== 'left') this.events.sendChannelLeft(sessionId, channelId, reason);
    this.#touchStep(channelId, sessionId);
    this.#publisher.schedule();
  }

  /** A session of another node is there; what its user may do is known a moment later. */
  openedElsewhere(sessionId: SessionId): void {
    const { sessions } = this.#ports;
    if (this.#isClosed || !sessions.isOpen(sessionId)) return;
    this.view.putSession(sessions.get(systemContext('voice-feed'), sessionId));
    this.refreshPersistently();
    this.#publisher.schedule();
  }

  /** Something of a session has changed. */
  changed(session: Session): void {
    const admission = this.#admissions.get(session.id);
    if (admission !== undefined) admission.session = session;
    const viewed = this.view.sessions.get(session.id);
    if (viewed === undefined) return;
    this.view.putSession(session);
    for (const channelId of heardChannels(viewed)) this.#routes.touch(channelId);
    this.#touchWhispersOf(session.id);
    this.#followListening(session, viewed.session.listeningChannelIds);
    // Either it was allowed a moment ago, or forbidden: the rules say which.
    if (session.recording && this.view.facts?.recordingAllowed === false) this.refreshPersistently();
    this.#publisher.schedule();
  }

  /** A session has ended. */
  closed(sessionId: SessionId, reason: LeaveReason, message: string): void {
    const admission = this.#admissions.get(sessionId);
    if (admission !== undefined) admission.endedBy = reason;
    this.#admissions.delete(sessionId);
    this.#touchWhispersOf(sessionId);
    const viewed = this.view.sessions.get(sessionId);
    if (viewed === undefined) return;
    this.view.removeSession(sessionId);
    for (const channelId of heardChannels(viewed)) {
      this.#routes.forget(channelId, sessionId);
      this.#routes.settleWaiters(channelId, sessionId, endOf(reason));
      this.#routes.touch(channelId);
    }
    for (const target of this.#whispers.removeAllOf(sessionId)) {
      this.#routes.settleWaiters(target, sessionId, endOf(reason));
      this.#routes.touch(target);
    }
    this.events.leave(this.view, sessionId, { reason, message });
    this.#publisher.schedule();
  }

  /** Resolves when the session has been given the key of a channel that it has joined or listens to, and others know of it. Throws where it may not be there after all. */
  async untilKeyed(channelId: ChannelId, sessionId: SessionId): Promise<void> {
    const viewed = this.view.sessions.get(sessionId);
    if (viewed === undefined || !heardChannels(viewed).includes(channelId)) throw refusalOfJoin('permission_lost');
    await this.#routes.untilKeyed(channelId, sessionId);
    await this.#untilTold(sessionId);
  }

  /** Says to whom a session whispers, by a new target where `id` is null. Resolves with the target when the relay knows and the speaker has the key. Throws as {@link Whispers.set}. */
  async setWhisper(
    sessionId: SessionId,
    id: WhisperTargetId | null,
    audience: WhisperAudience,
  ): Promise<WhisperTargetId> {
    const speaker = this.view.sessions.get(sessionId);
    if (speaker === undefined) throw notFound('session');
    const target = this.#whispers.set(speaker, id, audience);
    this.#routes.touchNow([target]);
    await this.#ports.relay.settled();
    await this.#routes.untilKeyed(target, sessionId);
    await this.#untilTold(sessionId);
    return target;
  }

  /** Throws NOT_FOUND where the session has no such target. */
  removeWhisper(sessionId: SessionId, target: WhisperTargetId): void {
    this.#whispers.remove(sessionId, target);
    this.#routes.forget(target, sessionId);
    this.#routes.touch(target);
  }

  /** Takes all routes back and stops. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#publisher.stop();
    this.#refreshing.stop();
    this.#routes.close();
  }

  async #load(): Promise<void> {
    const { organizations, channels, permissions, occupancy, sessions, bans, auth } = this.#ports;
    const { organizationId } = this.view;
    const ctx = systemContext('voice-feed');
    const present = [...this.view.sessions.values(), ...this.#admissions.values()].map(({ session }) => session);
    const userIds = present.map(({ userId }) => userId);
    // The node of a session knows by what it was opened and from where, and ends it.
    const own = present.filter(({ id }) => this.#isLocal(id));
    let loaded: LoadedPolicy;
    let banned: readonly boolean[];
    let withdrawn: readonly boolean[];
    try {
      const [organization, tree, policy, ...verdicts] = await Promise.all([
        organizations.get(ctx, organizationId),
        channels.tree(ctx, organizationId),
        permissions.policyOf(ctx, organizationId, userIds),
        bans.match(organizationId, own),
        auth.withdrawn(own),
      ]);
      [loaded, [banned, withdrawn]] = [policy, verdicts];
      if (this.#isClosed) return;
      this.#takeFacts(new OrganizationFacts(organization, tree, policy, (channel) => occupancy.capacityOf(channel)));
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'NOT_FOUND') throw error;
      await sessions.closeOfOrganization(ctx, organizationId, 'organization_deleted');
      return;
    }
    // The relay is told at once; who may not stay is then taken out of the channels too.
    for (const [index, { id, userId }] of own.entries()) {
      if (!loaded.subjects.has(userId)) await sessions.close(ctx, id, 'user_deleted');
      else if (banned[index] === true) await sessions.close(ctx, id, 'banned');
      else if (withdrawn[index] === true) await sessions.close(ctx, id, 'credentials_changed');
    }
    if (this.view.facts?.recordingAllowed === false) await this.#closeRecording();
    await occupancy.reconcile(ctx, organizationId, loaded);
    this.#routes.touchNow([]);
    await this.#ports.relay.settled();
    this.#publisher.schedule();
  }

  async #closeRecording(): Promise<void> {
    const ctx = systemContext('voice-feed');
    for (const { session } of [...this.view.sessions.values()]) {
      if (session.recording && this.#isLocal(session.id))
        await this.#ports.sessions.close(ctx, session.id, 'recording_forbidden');
    }
  }

  #takeFacts(facts: OrganizationFacts): void {
    this.view.facts = facts;
    this.#whispers.takeFacts();
    this.#routes.retain((target) =>
      isWhisperTarget(target) ? this.#whispers.has(target) : facts.channels.has(target),
    );
    this.#routes.touchNow([...this.view.occupiedChannels(), ...this.#whispers.all, ...this.#routes.targets]);
  }

  /** Takes in who is of this organization at other nodes, and where, before the first of this node is told of it. */
  async #meetOthers(): Promise<void> {
    if (this.#hasMet) return;
    this.#hasMet = true;
    const { sessions } = this.#ports;
    const everybody = sessions.allOf(systemContext('voice-feed'), this.view.organizationId);
    const others = everybody.filter(({ id }) => !this.#isLocal(id));
    if (others.length === 0) return;
    for (const session of others) this.view.putSession(session);
    await this.refresh();
    await this.#healMembership();
  }

  /** Takes over from where it is kept who is in which channel, and what each session wishes. */
  async #healMembership(): Promise<void> {
    const { view } = this;
    const channelIds = new Set([...(view.facts?.channels.keys() ?? []), ...view.occupiedChannels()]);
    const versionBefore = view.membershipVersion;
    const { occupancy, sessions } = this.#ports;
    const ctx = systemContext('voice-heal');
    const truth = await occupancy.membersOf(ctx, view.organizationId, [...channelIds]);
    // What was read is older than an event that has come meanwhile.
    if (view.membershipVersion !== versionBefore) return;
    for (const session of sessions.allOf(ctx, view.organizationId)) {
      const viewed = view.sessions.get(session.id);
      if (viewed !== undefined && viewed.session !== session) this.changed(session);
      if (viewed === undefined && !this.#isLocal(session.id)) this.openedElsewhere(session.id);
    }
    for (const sessionId of [...view.sessions.keys()]) {
      if (!sessions.isOpen(sessionId)) this.closed(sessionId, 'disconnected', '');
    }
    for (const sessionId of view.sessions.keys()) {
      for (const [channelId, members] of truth) {
        const isMember = members.includes(sessionId);
        if (isMember && !view.isMember(channelId, sessionId)) this.joined(channelId, sessionId);
        if (!isMember && view.isMember(channelId, sessionId)) this.left(channelId, sessionId, 'moved');
      }
    }
  }

  #truthOfChannel(channelId: ChannelId): TargetTruth {
    const hearers = this.view.hearers(channelId);
    const remote = [...hearers].filter((id) => !this.#isLocal(id));
    // A channel that nobody of this node hears needs no key and no route here.
    const holders = remote.length === hearers.size ? new Set<SessionId>() : hearers;
    const links = this.#linksTo(remote);
    return {
      holders,
      isShared: remote.length > 0,
      route: (epoch) => ({ ...this.view.route(channelId, epoch), links }),
    };
  }

  /** The speaker has the key without hearing the target. */
  #truthOfWhisper(target: WhisperTargetId): TargetTruth {
    const holders = this.#whispers.holders(target);
    return {
      holders,
      route: (epoch) => this.#whispers.route(target, holders, epoch),
      onLost: (sessionId) => this.events.sendWhisperEnded(sessionId, target),
    };
  }

  #sendKey(sessionIds: readonly SessionId[], target: Target, key: ChannelKey): void {
    const message = this.#keyMessage(target, key);
    if (message !== undefined) this.events.send(sessionIds, message);
  }

  #keyMessage(target: Target, { epoch, key }: ChannelKey): ServerBody | undefined {
    if (!isWhisperTarget(target)) return { case: 'channelKey', value: { targetId: target, epoch, key } };
    const speakerId = this.#whispers.speakerOf(target);
    if (speakerId === undefined) return undefined;
    return { case: 'whisperKey', value: { targetId: target, epoch, key, sessionId: speakerId } };
  }

  /** Somebody has come into a channel, or left it. */
  #touchStep(channelId: ChannelId, sessionId: SessionId): void {
    this.#routes.touch(channelId);
    const userId = this.view.sessions.get(sessionId)?.session.userId;
    for (const target of this.#whispers.concernedByStep(channelId, userId)) this.#routes.touch(target);
  }

  /** A session listens to other channels than before. */
  #followListening({ id, listeningChannelIds }: Session, before: readonly ChannelId[]): void {
    for (const channelId of before) if (!listeningChannelIds.includes(channelId)) this.#listensNoMore(channelId, id);
    for (const channelId of listeningChannelIds) {
      if (before.includes(channelId)) continue;
      this.#routes.touch(channelId);
      if (this.#mayHear(channelId, id)) continue;
      this.refresh().catch((error: unknown) => this.#routes.settleWaiters(channelId, id, error));
    }
  }

  /** Who joins the channel hears it on. Who has not wished it is told why. */
  #listensNoMore(channelId: ChannelId, sessionId: SessionId): void {
    if (this.view.isMember(channelId, sessionId)) return;
    const reason = this.view.facts?.channels.has(channelId) === false ? 'channel_deleted' : 'permission_lost';
    const wasKeyed = this.#routes.forget(channelId, sessionId);
    this.#routes.settleWaiters(channelId, sessionId, refusalOfJoin(reason));
    if (wasKeyed && !this.#mayHear(channelId, sessionId)) this.events.sendChannelLeft(sessionId, channelId, reason);
  }

  #touchWhispersOf(sessionId: SessionId): void {
    const viewed: ViewedSession | undefined = this.view.sessions.get(sessionId);
    if (viewed === undefined) return;
    for (const target of this.#whispers.concernedBy(viewed)) this.#routes.touch(target);
  }

  /** The links over which these sessions of other nodes hear. */
  #linksTo(remote: readonly SessionId[]): readonly number[] {
    const { links, sessions } = this.#ports;
    if (links === null) return [];
    const hearing = remote.filter((id) => {
      const session = this.view.sessions.get(id)?.session;
      return session !== undefined && isHearing(session);
    });
    const homes = new Set(hearing.flatMap((id) => sessions.homeOf(id) ?? []));
    return links.slotsTo(homes, this.view.organizationId);
  }

  #isLocal(sessionId: SessionId): boolean {
    return this.#admissions.has(sessionId) || this.#ports.sessions.isLocal(sessionId);
  }

  /** A voice that comes before the session is known would be a stranger's. */
  async #untilTold(sessionId: SessionId): Promise<void> {
    if (!this.events.isTold(sessionId)) await this.#publisher.untilPublished();
  }

  #mayHear(channelId: ChannelId, sessionId: SessionId): boolean {
    const { facts, sessions } = this.view;
    const userId = sessions.get(sessionId)?.session.userId;
    return facts !== null && userId !== undefined && holds(facts.permissionsIn(channelId, userId), Permission.JOIN);
  }
}

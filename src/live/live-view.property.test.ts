import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DomainEvent } from '../events/domain-event.js';
import { type ChannelId, channelId, organizationId, type SessionId, sessionId, userId } from '../ids.js';
import type { Session } from '../sessions/session.js';
import type { LiveChange } from './live-event.js';
import { LiveView } from './live-view.js';

const ORGANIZATION = organizationId(1);

function session(id: SessionId): Session {
  return {
    ...{ id, userId: userId(id), organizationId: ORGANIZATION, username: `user ${id}`, door: 'voice' },
    ...{
      clientName: '',
      connectedAt: new Date(0),
      remoteAddress: '192.0.2.1',
      credential: { tokenVersion: 0, loginId: null, apiKey: null },
    },
    ...{ listeningChannelIds: [], selfMuted: false, selfDeafened: false, recording: false },
    ...{ muted: false, deafened: false, prioritySpeaker: false },
  };
}

type Step = {
  readonly action: 'open' | 'close' | 'join' | 'leave' | 'speak';
  readonly id: number;
  readonly channel: number;
};

const step: fc.Arbitrary<Step> = fc.record({
  action: fc.constantFrom('open', 'close', 'join', 'leave', 'speak'),
  id: fc.integer({ min: 1, max: 4 }),
  channel: fc.integer({ min: 1, max: 3 }),
});

/** What really is: who is where, with the events that tell of it. */
class Truth {
  readonly sessions = new Map<SessionId, Set<ChannelId>>();

  take({ action, id, channel }: Step): DomainEvent[] {
    const [sessionOf, at] = [sessionId(id), channelId(channel)];
    const who = { organizationId: ORGANIZATION, sessionId: sessionOf, userId: userId(id) };
    const joined = this.sessions.get(sessionOf);
    if (action === 'open') {
      if (joined !== undefined) return [];
      this.sessions.set(sessionOf, new Set());
      return [{ type: 'session_opened', ...who }];
    }
    if (joined === undefined) return [];
    switch (action) {
      case 'close': {
        this.sessions.delete(sessionOf);
        const left = [...joined].map(
          (each) => ({ type: 'channel_left', ...who, channelId: each, reason: 'left' }) as const,
        );
        return [{ type: 'session_closed', ...who, reason: 'disconnected', message: '' }, ...left];
      }
      case 'join':
        if (joined.has(at)) return [];
        joined.add(at);
        return [{ type: 'channel_joined', ...who, channelId: at }];
      case 'leave':
        return joined.delete(at) ? [{ type: 'channel_left', ...who, channelId: at, reason: 'left' }] : [];
      case 'speak':
        return [{ type: 'speaking_changed', ...who, channelId: at, isSpeaking: true }];
    }
  }

  present() {
    return [...this.sessions].map(([id, channels]) => ({ ...session(id), channelIds: [...channels] }));
  }
}

/** Who is where, by what was told alone. */
function replay(changes: readonly LiveChange[]): Map<SessionId, ChannelId[]> {
  const known = new Map<SessionId, ChannelId[]>();
  for (const change of changes) {
    if (change.kind === 'organization') continue;
    if (change.kind === 'session') {
      if (change.type === 'closed') known.delete(change.session.id);
      else known.set(change.session.id, known.get(change.session.id) ?? []);
    } else if (change.channelId !== null) {
      const { channelId: at, session: of, type } = change;
      const others = (known.get(of.id) ?? []).filter((each) => each !== at);
      if (type === 'joined') known.set(of.id, [...others, at]);
      if (type === 'left') known.set(of.id, others);
    }
  }
  return known;
}

const placesOf = (view: LiveView) => new Map([...view.sessions].map(({ id, channelIds }) => [id, [...channelIds]]));
const sorted = (places: ReadonlyMap<SessionId, readonly ChannelId[]>) =>
  [...places].map(([id, channels]) => [id, [...channels].sort()]).sort();

describe('the live view', () => {
  const find = (truth: Truth) => (id: SessionId) => (truth.sessions.has(id) ? session(id) : undefined);

  it('is the truth after each event, and what it tells leads to the truth', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const [truth, view, told] = [new Truth(), new LiveView(), [] as LiveChange[]];
        for (const each of steps) {
          for (const event of truth.take(each)) told.push(...view.apply(event, find(truth)));
          expect(placesOf(view)).toEqual(new Map([...truth.sessions].map(([id, channels]) => [id, [...channels]])));
        }
        expect(sorted(replay(told))).toEqual(sorted(placesOf(view)));
      }),
    );
  });

  it('tells nothing twice: an event that comes again changes nothing', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const [truth, view] = [new Truth(), new LiveView()];
        for (const each of steps) {
          for (const event of truth.take(each)) {
            view.apply(event, find(truth));
            expect(view.apply(event, find(truth))).toEqual([]);
          }
        }
      }),
    );
  });

  it('finds what was lost, and tells it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.boolean()), { maxLength: 60 }), (steps) => {
        const [truth, view, told] = [new Truth(), new LiveView(), [] as LiveChange[]];
        for (const [each, isLost] of steps) {
          const events = truth.take(each);
          if (!isLost) for (const event of events) told.push(...view.apply(event, find(truth)));
        }
        told.push(...view.replace(truth.present()));
        const expected = sorted(new Map([...truth.sessions].map(([id, channels]) => [id, [...channels]])));
        expect([sorted(placesOf(view)), sorted(replay(told))]).toEqual([expected, expected]);
        expect(view.replace(truth.present())).toEqual([]);
      }),
    );
  });

  it('shows no address', () => {
    const view = new LiveView();
    view.replace([{ ...session(sessionId(1)), channelIds: [] }]);
    expect(JSON.stringify([...view.sessions])).not.toContain('192.0.2.1');
  });
});

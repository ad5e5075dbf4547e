import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DomainEvent } from '../events/domain-event.js';
import { MemoryEventBus } from '../events/memory-event-bus.js';
import { channelId, organizationId, sessionId, userId } from '../ids.js';
import type { Session } from '../sessions/session.js';
import { SPEAKING_INTERVAL_MS, SpeakingMonitor } from './speaking-monitor.js';

const ALICE = sessionId(1);
const [LOBBY, TOWER] = [channelId(1), channelId(2)];

const SESSION: Session = {
  ...{ id: ALICE, userId: userId(1), organizationId: organizationId(1), username: 'alice', door: 'voice' },
  ...{
    clientName: '',
    connectedAt: new Date(0),
    remoteAddress: null,
    credential: { tokenVersion: 0, loginId: null, apiKey: null },
    listeningChannelIds: [],
  },
  ...{ selfMuted: false, selfDeafened: false, recording: false, muted: false, deafened: false, prioritySpeaker: false },
};

function newMonitor() {
  const told: string[] = [];
  const events = new MemoryEventBus((error) => {
    throw error;
  });
  events.subscribe((event: DomainEvent) => {
    if (event.type === 'speaking_changed') told.push(`${event.isSpeaking ? '+' : '-'}${event.channelId}`);
  });
  return { told, monitor: new SpeakingMonitor({ events, sessionOf: (id) => (id === ALICE ? SESSION : undefined) }) };
}

describe('the speaking monitor', () => {
  it('tells once that somebody speaks, and once, after a silence, that they do not', () => {
    const { told, monitor } = newMonitor();
    for (let nowMs = 0; nowMs <= 1000; nowMs += 20) {
      monitor.heard(ALICE, LOBBY, nowMs);
      if (nowMs % SPEAKING_INTERVAL_MS === 0) monitor.tell(nowMs);
    }
    expect(told).toEqual(['+1']);
    monitor.tell(1200);
    expect(told).toEqual(['+1']);
    monitor.tell(1400);
    monitor.tell(1600);
    expect(told).toEqual(['+1', '-1']);
  });

  it('tells of each channel by itself', () => {
    const { told, monitor } = newMonitor();
    monitor.heard(ALICE, LOBBY, 0);
    monitor.heard(ALICE, TOWER, 0);
    monitor.tell(0);
    monitor.tell(200);
    expect(told).toEqual(['+1', '+2']);
  });

  it('tells nothing of a session that has ended', () => {
    const { told, monitor } = newMonitor();
    monitor.heard(sessionId(9), LOBBY, 0);
    monitor.tell(0);
    expect(told).toEqual([]);
  });

  it('tells at most five changes a second of one speaker, however they speak, and ends in silence', () => {
    const talk = fc.record({ gapMs: fc.integer({ min: 1, max: 900 }), channel: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(fc.array(talk, { maxLength: 60 }), (talks) => {
        const { told, monitor } = newMonitor();
        let nowMs = 0;
        let nextTellMs = 0;
        const counts: number[] = [];
        const tellUntil = (untilMs: number) => {
          for (; nextTellMs <= untilMs; nextTellMs += SPEAKING_INTERVAL_MS) {
            const before = told.length;
            monitor.tell(nextTellMs);
            counts.push(told.length - before);
          }
        };
        for (const { gapMs, channel } of talks) {
          nowMs += gapMs;
          tellUntil(nowMs);
          monitor.heard(ALICE, channelId(channel), nowMs);
        }
        tellUntil(nowMs + 5000);
        for (let index = 0; index + 5 <= counts.length; index += 1) {
          expect(counts.slice(index, index + 5).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(5);
        }
        for (const channel of [1, 2, 3, 4, 5]) {
          const changes = told.filter((each) => each.endsWith(String(channel)));
          expect(changes).toEqual(changes.map((_, index) => `${index % 2 === 0 ? '+' : '-'}${channel}`));
          expect(changes.length % 2).toBe(0);
        }
      }),
    );
  });
});

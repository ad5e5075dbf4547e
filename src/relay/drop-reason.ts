/** Why the relay dropped a packet. The number is an index into an array of counters, the name a label of a metric. */
export const DropReason = {
  /** Fewer than 44 bytes. */
  too_short: 0,
  /** More than 1200 bytes. */
  too_long: 1,
  /** The first byte is not that of a packet which a client sends. */
  unknown_kind: 2,
  /** A ping that is not of 44 bytes, or a voice packet of fewer than 48. */
  wrong_length: 3,
  /** No session has this id: it has ended, or never was. */
  unknown_session: 4,
  /** It came through the control connection of another session. */
  foreign_tunnel: 5,
  /** A packet with this counter was accepted before; the counter 0 always was. */
  replayed: 6,
  /** The counter lies behind the replay window. */
  too_old: 7,
  /** The session tag is not that of these bytes under the session's key. */
  bad_session_tag: 8,
  /** The session sends more pings than are answered. */
  over_ping_rate: 9,
  /** Nobody listens or speaks at the target. */
  unknown_target: 10,
  /** The session may not speak to the target: not joined, without SPEAK, or muted. */
  not_a_speaker: 11,
  /** The payload is sealed under a key that is not the target's present one, nor the one before within its time of grace. */
  wrong_epoch: 12,
  /** The session sends more voice packets per second than it may. */
  over_packet_rate: 13,
  /** The session sends more bits per second than it may. */
  over_bitrate: 14,
} as const;

export type DropReasonName = keyof typeof DropReason;
export type DropReason = (typeof DropReason)[DropReasonName];

/** How many packets were dropped, by reason. */
export type DropCounts = Readonly<Record<DropReasonName, number>>;

/** Counts drops: one exact counter per reason. */
export class DropCounters {
  readonly #counts = new Float64Array(Object.keys(DropReason).length);

  add(reason: DropReason): void {
    this.#counts[reason] = this.of(reason) + 1;
  }

  of(reason: DropReason): number {
    return this.#counts[reason] ?? 0;
  }

  /** All counts by name, each reason present. */
  snapshot(): DropCounts {
    // The copy brings the names; its numbers are all replaced.
    const counts: Record<DropReasonName, number> = { ...DropReason };
    for (const name of dropReasonNames()) counts[name] = this.of(DropReason[name]);
    return counts;
  }
}

/** Every reason's name, in the order of acceptance. */
export function dropReasonNames(): readonly DropReasonName[] {
  return Object.keys(DropReason).filter((name): name is DropReasonName => name in DropReason);
}

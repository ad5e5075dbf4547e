/** What the fan-out bench and the process that it measures say to each other. */

/** A person of the bench. Numbers are those of voice packets. */
export interface FanOutSession {
  readonly sessionId: number;
  /** The channel in which the session speaks and listens. */
  readonly target: number;
  /** Where it is, on loopback. */
  readonly port: number;
  readonly clientKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

export type MessageToSubject =
  | { readonly type: 'begin'; readonly sessions: readonly FanOutSession[] }
  | { readonly type: 'get_usage' };

export type MessageFromSubject =
  /** It knows all sessions and receives at this UDP port. */
  { readonly type: 'ready'; readonly port: number } | { readonly type: 'usage'; readonly usage: FanOutUsage };

export interface FanOutUsage {
  /** Of all threads, since the process began. */
  readonly cpuMicroseconds: number;
  /** Datagrams sent since the process began. */
  readonly packetsOut: number;
}

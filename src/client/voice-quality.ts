import type { VoiceQuality as QualityMessage } from '../protocol/generated/control_pb.js';

/** How voice goes from and to a session, since it began. Undefined is what is not known. */
export interface VoiceQuality {
  /** To the server, in packets. */
  readonly sentUp: number;
  readonly lostUp: number;
  /** In milliseconds. */
  readonly jitterUpMs: number | undefined;
  /** From the server, in packets. */
  readonly sentDown: number;
  readonly lostDown: number;
  /** Of the voice that is heard, in milliseconds. */
  readonly jitterDownMs: number | undefined;
  /** By UDP, in milliseconds. */
  readonly roundTripMs: number | undefined;
  /** As the server has measured it, in milliseconds. */
  readonly serverRoundTripMs: number | undefined;
}

/** What the client has measured, beside what the server says. */
export function voiceQuality(
  { sentUp, lostUp, jitterUpUs, sentDown, lostDown, roundTripUs }: QualityMessage,
  own: Pick<VoiceQuality, 'jitterDownMs' | 'roundTripMs'>,
): VoiceQuality {
  return {
    sentUp: Number(sentUp),
    lostUp: Number(lostUp),
    jitterUpMs: milliseconds(jitterUpUs),
    sentDown: Number(sentDown),
    lostDown: Number(lostDown),
    serverRoundTripMs: milliseconds(roundTripUs),
    ...own,
  };
}

function milliseconds(us: number): number | undefined {
  return us === 0 ? undefined : us / 1000;
}

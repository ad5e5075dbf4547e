import { invalidInput } from '../errors.js';
import type { VoiceReport } from '../protocol/generated/control_pb.js';
import type { QualityReport } from '../relay/session-quality.js';
import type { VoiceQuality } from '../sessions/voice-quality.js';
import type { ServerBody } from './control-frames.js';

/** The longest jitter and round trip that a report may tell, in microseconds. */
export const MAX_REPORTED_US = 60_000_000;
/** The highest counter of a packet, which is of 48 bits. */
const MAX_COUNTER = 2n ** 48n - 1n;
const MAX_UINT32 = 2 ** 32 - 1;

/** The answer to a ping. */
export type PongBody = Extract<ServerBody, { case: 'pong' }>['value'];

/** What a client says that it has received. Throws INVALID_INPUT for what nobody can have counted or measured. */
export function qualityReport(report: VoiceReport): QualityReport {
  const { pongCounter, pongAgeUs, packetsReceived, jitterUs, roundTripUs } = report;
  if (pongCounter > MAX_COUNTER) throw beyond('pongCounter', MAX_COUNTER);
  if (packetsReceived > MAX_COUNTER) throw beyond('packetsReceived', MAX_COUNTER);
  if (jitterUs > MAX_REPORTED_US) throw beyond('jitterUs', BigInt(MAX_REPORTED_US));
  if (roundTripUs > MAX_REPORTED_US) throw beyond('roundTripUs', BigInt(MAX_REPORTED_US));
  return {
    pongCounter: Number(pongCounter),
    pongAgeMs: pongAgeUs / 1000,
    received: Number(packetsReceived),
    jitterMs: jitterUs === 0 ? null : jitterUs / 1000,
    roundTripMs: roundTripUs === 0 ? null : roundTripUs / 1000,
  };
}

/** How voice goes, as its client is told. */
export function qualityMessage({ up, down, serverRoundTripMs }: VoiceQuality): NonNullable<PongBody['voice']> {
  return {
    sentUp: BigInt(up.expected),
    lostUp: BigInt(up.lost),
    jitterUpUs: microseconds(up.jitterMs),
    sentDown: BigInt(down.expected),
    lostDown: BigInt(down.lost),
    roundTripUs: microseconds(serverRoundTripMs),
  };
}

/** 0 says that nothing is known, so that what is known is 1 at least. */
function microseconds(valueMs: number | null): number {
  return valueMs === null ? 0 : Math.min(MAX_UINT32, Math.max(1, Math.round(valueMs * 1000)));
}

function beyond(field: string, max: bigint): Error {
  return invalidInput(['voice', field], `${field} is ${max} at most.`, { max: Number(max) });
}

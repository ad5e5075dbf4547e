import type { CommandOutput } from './command-output.js';
import type { VoiceClient } from './voice-client.js';
import type { VoiceQuality } from './voice-quality.js';

/** Tells at the end of a visit how voice went, where the connection still stands and the server knows. */
export async function tellQuality(client: VoiceClient, output: CommandOutput): Promise<void> {
  const quality = await client.measureQuality().catch(() => undefined);
  if (quality === undefined) return;
  const { sentUp, lostUp, jitterUpMs, sentDown, lostDown, jitterDownMs, roundTripMs, serverRoundTripMs } = quality;
  const fields = {
    ...{ sentUp, lostUp, jitterUpMs: jitterUpMs ?? null, sentDown, lostDown, jitterDownMs: jitterDownMs ?? null },
    ...{ roundTripMs: roundTripMs ?? null, serverRoundTripMs: serverRoundTripMs ?? null },
  };
  output.event('quality', fields, qualityLine(quality));
}

/** One line for a person. */
export function qualityLine(quality: VoiceQuality): string {
  const { sentUp, lostUp, jitterUpMs, sentDown, lostDown, jitterDownMs, roundTripMs } = quality;
  const parts = [
    `to the server ${direction(sentUp, lostUp, jitterUpMs)}`,
    `from it ${direction(sentDown, lostDown, jitterDownMs)}`,
    ...(roundTripMs === undefined ? [] : [`round trip ${roundTripMs.toFixed(1)} ms`]),
  ];
  return `Quality: ${parts.join('; ')}.`;
}

function direction(sent: number, lost: number, jitterMs: number | undefined): string {
  const share = sent === 0 ? 0 : (100 * lost) / sent;
  const jitter = jitterMs === undefined ? '' : `, jitter ${jitterMs.toFixed(1)} ms`;
  return `${lost} of ${sent} packets lost (${share.toFixed(1)} %)${jitter}`;
}

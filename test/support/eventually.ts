import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 5;
const DEADLINE_MS = 20_000;

/** Waits until the condition gives a value other than undefined and false, and returns it. Fails after 20 s, which no healthy machine needs. */
export async function eventually<Value>(
  condition: () => Value | undefined | false | Promise<Value | undefined | false>,
): Promise<Value> {
  for (let waitedMs = 0; waitedMs < DEADLINE_MS; waitedMs += POLL_MS) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    await delay(POLL_MS);
  }
  throw new Error(`never came true: ${condition}`);
}

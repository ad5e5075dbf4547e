import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;
/** Ten times what a busy machine needs. */
const BOUND_MS = 120_000;

/** Waits until the condition holds, and throws with what was waited for where it does not within two minutes. */
export async function waitUntil(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  if (!(await holdsWithin(BOUND_MS, condition))) throw new Error(`within ${BOUND_MS / 1000} s never: ${what}`);
}

/** Waits until the condition holds, or for so many milliseconds. Returns whether it holds. */
export async function holdsWithin(boundMs: number, condition: () => boolean | Promise<boolean>): Promise<boolean> {
  const startedAtMs = performance.now();
  while (!(await condition())) {
    if (performance.now() - startedAtMs > boundMs) return false;
    await sleep(POLL_MS);
  }
  return true;
}

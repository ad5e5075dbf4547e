import { describe, expect, it } from '@jest/globals';
import { FaultWorld } from './fault-world.js';
import { FAULTS } from './faults.js';

/** Processes start slowly on a machine that does much else. */
const TIMEOUT_MS = 180_000;

describe.each(FAULTS)('$title', (fault) => {
  it(
    'changes nothing that it must not',
    async () => {
      const world = await FaultWorld.start(await fault.worldOf(fault.short));
      try {
        const claims = await fault.run(world, fault.short);
        const broken = claims.filter(({ holds }) => !holds).map(({ claim, seen }) => `${claim}: ${seen}`);
        expect(broken).toEqual([]);
        expect(claims.length).toBeGreaterThan(0);
      } finally {
        await world.stop();
      }
    },
    TIMEOUT_MS,
  );
});

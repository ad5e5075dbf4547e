import { expect, it } from '@jest/globals';
import { capacityModel, neededFor } from './capacity-model.js';

const few = { users: 100, cpuPercent: 2, allMb: 209, packetsOutPerSecond: 0 };
const many = { users: 1000, cpuPercent: 5.1, allMb: 368, packetsOutPerSecond: 0 };
const talking = { users: 1000, cpuPercent: 47.8, allMb: 388, packetsOutPerSecond: 95_000 };

it('the capacity of a server is the line through what was measured at two sizes', () => {
  const model = capacityModel(few, many, talking);
  expect(model.kbPerUser).toBeCloseTo(177, 0);
  expect(model.baseMb).toBeCloseTo(191, 0);
  expect(model.cpuUsPerCopy).toBeCloseTo(4.49, 2);
  for (const { users, allMb, cpuPercent } of [few, many]) {
    const needed = neededFor(model, { users, membersPerChannel: 20, speakersPerChannel: 0 });
    expect(needed.memoryMb).toBeCloseTo(allMb);
    expect(needed.cores * 100).toBeCloseTo(cpuPercent);
  }
  const talk = neededFor(model, { users: 1000, membersPerChannel: 20, speakersPerChannel: 2 });
  expect(talk.copiesPerSecond).toBe(95_000);
  expect(talk.cores).toBeCloseTo(0.478);
});

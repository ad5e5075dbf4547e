import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { GcPauses } from './gc-pauses.js';

test('each garbage collection of the thread is counted with its time', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const pauses = new GcPauses();
  const before = pauses.summary();

  for (let round = 0; round < 3; round++) collect();
  await new Promise(setImmediate);

  const { count, totalMs, maxMs } = pauses.summary();
  expect(count - before.count).toBeGreaterThanOrEqual(3);
  expect(maxMs).toBeGreaterThan(0);
  expect(totalMs).toBeGreaterThan(maxMs);
});

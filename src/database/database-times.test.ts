import { describe, expect, it } from '@jest/globals';
import { AppError } from '../errors.js';
import { DatabaseTimes } from './database-times.js';

async function countsOf({ histogram }: DatabaseTimes): Promise<readonly string[]> {
  const { values } = await histogram.get();
  const counts = values.filter(({ metricName }) => metricName?.endsWith('_count'));
  return counts.map(({ labels, value }) => `${labels.work} ${labels.outcome} ${value}`).sort();
}

describe('the times of the database', () => {
  it('are counted apart for reads and changes, and for what found it away', async () => {
    const times = new DatabaseTimes();
    await times.measure('read', async () => 1);
    await times.measure('read', async () => 2);
    const away = times.measure('write', () => Promise.reject(new AppError('UNAVAILABLE', 'away')));
    await expect(away).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await countsOf(times)).toEqual(['read answered 2', 'write unavailable 1']);
  });

  it('take a refusal for an answer, and hand it on', async () => {
    const times = new DatabaseTimes();
    const refused = times.measure('write', () => Promise.reject(new AppError('CONFLICT', 'edited')));
    await expect(refused).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await countsOf(times)).toEqual(['write answered 1']);
  });
});

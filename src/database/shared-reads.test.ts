import { describe, expect, it } from '@jest/globals';
import { SharedReads } from './shared-reads.js';

/** Reads that end in order, when the test says so. Each gives its number. */
class Source {
  begun = 0;
  readonly #ends: ((failed: boolean) => void)[] = [];

  readonly read = async (): Promise<number> => {
    this.begun += 1;
    const number = this.begun;
    const failed = await new Promise<boolean>((resolve) => this.#ends.push(resolve));
    if (failed) throw new Error('away');
    return number;
  };

  async end(failed = false): Promise<void> {
    this.#ends.shift()?.(failed);
    await new Promise(setImmediate);
  }
}

describe('shared reads', () => {
  it('share one read among those who ask while another goes on, and begin it after they asked', async () => {
    const source = new Source();
    const reads = new SharedReads<number>();
    const answers = Promise.all([1, 2, 3].map(() => reads.run('same', source.read)));
    expect(source.begun).toBe(1);
    await source.end();
    expect(source.begun).toBe(2);
    await source.end();
    expect(await answers).toEqual([1, 2, 2]);
  });

  it('read again for whoever asks after a read is over', async () => {
    const source = new Source();
    const reads = new SharedReads<number>();
    const first = reads.run('same', source.read);
    await source.end();
    const second = reads.run('same', source.read);
    await source.end();
    expect([await first, await second]).toEqual([1, 2]);
  });

  it('do not share what is asked under another key', () => {
    const source = new Source();
    const reads = new SharedReads<number>();
    void reads.run('one', source.read);
    void reads.run('other', source.read);
    expect(source.begun).toBe(2);
  });

  it('give those who waited a read of their own where the one before failed', async () => {
    const source = new Source();
    const reads = new SharedReads<number>();
    const outcomes = Promise.allSettled([1, 2].map(() => reads.run('same', source.read)));
    await source.end(true);
    await source.end();
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });
});

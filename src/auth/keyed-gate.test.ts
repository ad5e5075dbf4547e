import { describe, expect, it } from '@jest/globals';
import { KeyedGate } from './keyed-gate.js';

/** Work that ends when it is told to. */
class Work {
  readonly started: string[] = [];
  readonly #ends = new Map<string, () => void>();

  begin(name: string): () => Promise<string> {
    return async () => {
      this.started.push(name);
      await new Promise<void>((resolve) => this.#ends.set(name, resolve));
      return name;
    };
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a gate', () => {
  it('lets so many with the same key run at once, and the others in the order of their coming', async () => {
    const [gate, work] = [new KeyedGate({ concurrency: 2, maxWaiting: 10 }), new Work()];
    const runs = ['a', 'b', 'c', 'd'].map((name) => gate.run('key', work.begin(name)));
    const other = gate.run('another key', work.begin('other'));
    await work.end('');
    expect(work.started).toEqual(['a', 'b', 'other']);
    await work.end('b');
    expect(work.started).toEqual(['a', 'b', 'other', 'c']);
    for (const name of ['a', 'c', 'd', 'other']) await work.end(name);
    expect(await Promise.all([...runs, other])).toEqual(['a', 'b', 'c', 'd', 'other']);
  });

  it('hands the place on when work fails', async () => {
    const gate = new KeyedGate({ concurrency: 1, maxWaiting: 10 });
    const failed = gate.run('key', () => Promise.reject(new Error('no')));
    const next = gate.run('key', () => Promise.resolve('yes'));
    await expect(failed).rejects.toThrow('no');
    expect(await next).toBe('yes');
    expect(await gate.run('key', () => Promise.resolve('again'))).toBe('again');
  });

  it('refuses whoever comes when too many wait, with the time to stay away', async () => {
    const [gate, work] = [new KeyedGate({ concurrency: 1, maxWaiting: 1 }), new Work()];
    const runs = [gate.run('key', work.begin('a')), gate.run('key', work.begin('b'))];
    await expect(gate.run('key', work.begin('c'))).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 5000 });
    await work.end('a');
    await work.end('b');
    expect(await Promise.all(runs)).toEqual(['a', 'b']);
  });
});

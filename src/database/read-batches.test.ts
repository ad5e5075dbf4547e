import { describe, expect, it } from '@jest/globals';
import { ReadBatches } from './read-batches.js';

/** A source of answers whose reads end when the test says so. */
class Source {
  readonly batches: number[][] = [];
  readonly #ends: { readonly resolve: () => void; readonly reject: (reason: Error) => void }[] = [];

  readonly read = async (questions: readonly number[]): Promise<readonly string[]> => {
    this.batches.push([...questions]);
    await new Promise<void>((resolve, reject) => this.#ends.push({ resolve, reject }));
    return questions.map((question) => `answer ${question}`);
  };

  async end(error?: Error): Promise<void> {
    const end = this.#ends.shift();
    if (error === undefined) end?.resolve();
    else end?.reject(error);
    await new Promise(setImmediate);
  }
}

describe('batches of reads', () => {
  it('read a question at once while nobody else asks', () => {
    const source = new Source();
    void new ReadBatches(source.read).ask(1);
    expect(source.batches).toEqual([[1]]);
  });

  it('read together what is asked while two reads go on, and give each its own answer', async () => {
    const source = new Source();
    const batches = new ReadBatches(source.read);
    const answers = Promise.all([1, 2, 3, 4, 5].map((question) => batches.ask(question)));
    expect(source.batches).toEqual([[1], [2]]);
    await source.end();
    expect(source.batches).toEqual([[1], [2], [3, 4, 5]]);
    await source.end();
    await source.end();
    expect(await answers).toEqual(['answer 1', 'answer 2', 'answer 3', 'answer 4', 'answer 5']);
  });

  it('never answer by a read that began before the question', async () => {
    const source = new Source();
    const batches = new ReadBatches(source.read);
    void batches.ask(1);
    void batches.ask(2);
    void batches.ask(1);
    await source.end();
    expect(source.batches).toEqual([[1], [2], [1]]);
  });

  it('fail those whose read failed, and go on with the others', async () => {
    const source = new Source();
    const batches = new ReadBatches(source.read);
    const outcomes = Promise.allSettled([1, 2, 3].map((question) => batches.ask(question)));
    await source.end(new Error('away'));
    await source.end();
    await source.end();
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    const next = batches.ask(4);
    await source.end();
    expect(await next).toBe('answer 4');
  });

  it('bound a batch', async () => {
    const source = new Source();
    const batches = new ReadBatches(source.read);
    for (let question = 0; question < 302; question += 1) void batches.ask(question);
    await source.end();
    await source.end();
    expect(source.batches.map(({ length }) => length)).toEqual([1, 1, 256, 44]);
  });
});

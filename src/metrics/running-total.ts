import type { Counter } from 'prom-client';

type Labels<Label extends string> = Partial<Record<Label, string>>;

/** A counter whose total others keep, each a part of it, who begin again at 0 when they are restarted. */
export class RunningTotal<Label extends string> {
  readonly #counter: Counter<Label>;
  readonly #shown = new Map<string, number>();

  constructor(counter: Counter<Label>) {
    this.#counter = counter;
  }

  /** `part` is the number of the one who tells its total. */
  show(total: number, labels: Labels<Label> = {}, part = 0): void {
    const key = JSON.stringify([part, labels]);
    const before = this.#shown.get(key) ?? 0;
    this.#counter.inc(labels, total < before ? total : total - before);
    this.#shown.set(key, total);
  }
}

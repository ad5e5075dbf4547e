import { MultiBar, type SingleBar } from 'cli-progress';

/** A value of an event in JSON. */
type Scalar = string | number | boolean | null;
export type EventFields = Readonly<Record<string, Scalar | readonly Scalar[] | readonly EventFields[]>>;

/** Standard output, or what stands for it. */
export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** The steps of a progress bar: milliseconds of sound. */
export interface ProgressBar {
  update(doneMs: number): void;
  stop(): void;
}

/** Tells what happens: lines for a person, or with `--json` one object per line for scripts. */
export class CommandOutput {
  readonly #stream: OutputStream;
  readonly #json: boolean;
  #bars: MultiBar | undefined;

  constructor(stream: OutputStream, options: { readonly json: boolean }) {
    this.#stream = stream;
    this.#json = options.json;
  }

  /** Tells an event: `{"event": name, …fields}`, or the line. */
  event(name: string, fields: EventFields, line: string): void {
    if (this.#json) this.#stream.write(`${JSON.stringify({ event: name, ...fields })}\n`);
    else if (this.#bars !== undefined) this.#bars.log(`${line}\n`);
    else this.#stream.write(`${line}\n`);
  }

  /** Shows how far a talk has come, where a person watches a terminal. Elsewhere nothing is shown. */
  progress(totalMs: number): ProgressBar {
    if (this.#json || !this.#stream.isTTY) return { update: () => undefined, stop: () => undefined };
    const bars = new MultiBar({
      stream: this.#stream,
      format: '[{bar}] {seconds} s of {totalSeconds} s',
      hideCursor: true,
    });
    this.#bars = bars;
    const texts = (doneMs: number) => ({ seconds: inSeconds(doneMs), totalSeconds: inSeconds(totalMs) });
    const bar: SingleBar = bars.create(totalMs, 0, texts(0));
    return {
      update: (doneMs) => bar.update(doneMs, texts(doneMs)),
      stop: () => {
        bars.stop();
        this.#bars = undefined;
      },
    };
  }
}

/** Milliseconds as seconds with one decimal. */
export function inSeconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}

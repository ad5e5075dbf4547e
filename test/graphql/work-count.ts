import { Session } from 'node:inspector/promises';

/** Counts the function calls of this process, as V8 does: work that does not depend on how fast the machine is. */
export class WorkCount {
  readonly #session = new Session();

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  }

  async stop(): Promise<void> {
    await this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  /** How many calls there are while `work` runs, and what it gives. */
  async of<Result>(work: () => Promise<Result>): Promise<{ readonly calls: number; readonly result: Result }> {
    await this.#take();
    const result = await work();
    return { calls: await this.#take(), result };
  }

  async #take(): Promise<number> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    return result.flatMap(({ functions }) => functions).reduce((sum, { ranges }) => sum + (ranges[0]?.count ?? 0), 0);
  }
}

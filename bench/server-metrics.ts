import { get } from 'node:http';

/** The figures that a server tells in the text format of Prometheus. */
export class ServerMetrics {
  readonly #values: ReadonlyMap<string, number>;

  constructor(text: string) {
    const samples = text.matchAll(/^([a-z_]\w*(?:\{[^}]*\})?) (\S+)$/gm);
    this.#values = new Map(Array.from(samples, ([, name = '', value]) => [name, Number(value)]));
  }

  /** As {@link valueOf}, or undefined where there is no such figure. */
  find(name: string): number | undefined {
    return this.#values.get(name);
  }

  /** `name` has the labels too, as they are written. Throws where there is no such figure. */
  valueOf(name: string): number {
    const value = this.find(name);
    if (value === undefined) throw new RangeError(`the server has no metric ${name}`);
    return value;
  }
}

export function readMetrics(url: string): Promise<ServerMetrics> {
  return new Promise((resolve, reject) => {
    // A connection of its own: one that is kept may be closed by the server in the moment in which it is asked again.
    get(url, { agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(new ServerMetrics(text)));
      response.on('error', reject);
    }).on('error', reject);
  });
}

/** What Prometheus reads from a server: its text format. */

export interface Metric {
  readonly type: string;
  readonly help: string;
  readonly samples: Sample[];
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The metrics by name. The samples of a histogram belong to it. */
export function readScrape(text: string): ReadonlyMap<string, Metric> {
  const metrics = new Map<string, { type: string; help: string; samples: Sample[] }>();
  const named = (name: string) => {
    const metric = metrics.get(name) ?? { type: '', help: '', samples: [] };
    metrics.set(name, metric);
    return metric;
  };
  for (const line of text.split('\n')) {
    const [, keyword, described = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (keyword === 'HELP') named(described).help = rest;
    if (keyword === 'TYPE') named(described).type = rest;
    const [, name = '', labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (value === undefined) continue;
    const base = metrics.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
    named(base).samples.push({ name, labels: labelsOf(labels), value: Number(value) });
  }
  return metrics;
}

function labelsOf(text: string): Readonly<Record<string, string>> {
  const pairs = text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g);
  return Object.fromEntries(Array.from(pairs, ([, name = '', value = '']) => [name, value]));
}

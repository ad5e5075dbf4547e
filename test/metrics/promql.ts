/** What a PromQL expression asks for, by the grammar of Prometheus' own editor. */
import { parser } from '@prometheus-io/lezer-promql';

/** A metric that an expression names, with the labels that it wants to have certain values. */
export interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

export interface Query {
  readonly selectors: readonly Selector[];
  /** The labels by which it groups. */
  readonly groupings: readonly string[];
}

/** Throws SyntaxError, with the place, for what is no PromQL. */
export function readQuery(expression: string): Query {
  const selectors: { metric: string; labels: string[] }[] = [];
  const groupings: string[] = [];
  const textAt = (from: number, to: number) => expression.slice(from, to);
  const cursor = parser.parse(expression).cursor();
  do {
    const { name, from, to } = cursor;
    if (cursor.type.isError) throw new SyntaxError(`no PromQL at ${from}: ${textAt(from, from + 30)} in ${expression}`);
    if (name === 'VectorSelector') selectors.push({ metric: metricOf(textAt(from, to)), labels: [] });
    if (name === 'LabelName' && cursor.node.parent?.name === 'GroupingLabels') groupings.push(textAt(from, to));
    if (name === 'LabelName' && cursor.node.parent?.name !== 'GroupingLabels') {
      selectors.at(-1)?.labels.push(textAt(from, to));
    }
  } while (cursor.next());
  return { selectors, groupings };
}

/** A selector begins with the name of its metric. */
function metricOf(selector: string): string {
  const [name = ''] = /^[a-zA-Z_:][\w:]*/.exec(selector) ?? [];
  return name;
}

/** One figure of Parley's beside its yardstick of the same run: machines differ, and ratios less so. */
export interface Measurement {
  readonly bench: string;
  readonly what: string;
  readonly unit: string;
  readonly parley: number;
  /** What it is compared with, and how that did. */
  readonly yardstick: string;
  readonly reference: number;
  /** `parley` / `reference`, as the median of all rounds; null where the reference is 0. */
  readonly ratio: number | null;
}

/** One round: both did the same work, one right after the other. */
export interface Round {
  readonly parley: number;
  readonly reference: number;
}

/** Puts rounds together. Each side is its own median; the ratio is the median of ratios, so that what disturbs one round does not count. */
export function measurementOf(
  subject: Pick<Measurement, 'bench' | 'what' | 'unit' | 'yardstick'>,
  rounds: readonly Round[],
): Measurement {
  const reference = median(rounds.map((round) => round.reference));
  return {
    ...subject,
    parley: median(rounds.map((round) => round.parley)),
    reference,
    ratio: reference === 0 ? null : median(rounds.map((round) => round.parley / round.reference)),
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  const [lower = Number.NaN, upper = Number.NaN] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (lower + upper) / 2;
}

/** What must hold at every moment of who is where, whatever has failed. */
export const INVARIANTS = [
  /** A user has one session at most, on one node. */
  'one_session_per_user',
  /** Redis, or the memory of one node, says what each session knows of itself. */
  'stored_members',
  /** The relay forwards for those who are there, and for nobody else. */
  'relay_members',
  /** GraphQL tells the same, by queries and by subscriptions. */
  'told_members',
  /** Nothing holds more than fits in. */
  'quotas',
] as const;

export type Invariant = (typeof INVARIANTS)[number];

/** Two places that do not say the same. It may be a change that is on its way: only one that lasts is a violation. */
export interface Difference {
  readonly invariant: Invariant;
  /** What it is about, in ids: of two looks, the same subject is the same difference. */
  readonly subject: string;
}

/** The differences that are in both looks. */
export function persisting(first: readonly Difference[], second: readonly Difference[]): readonly Difference[] {
  const before = new Set(first.map(keyOf));
  return second.filter((difference) => before.has(keyOf(difference)));
}

function keyOf({ invariant, subject }: Difference): string {
  return `${invariant} ${subject}`;
}

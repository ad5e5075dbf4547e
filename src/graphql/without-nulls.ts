/** GraphQL lets a caller send null for everything that may be left out. Where null says nothing of its own, it is as if the field were left out. */
export function withoutNulls<Input extends object>(input: Input): { [Key in keyof Input]: Exclude<Input[Key], null> } {
  const entries = Object.entries(input).filter(([, value]) => value !== null);
  return Object.fromEntries(entries) as { [Key in keyof Input]: Exclude<Input[Key], null> };
}

/** A value of a key as a source gives it. */
export interface Setting {
  readonly path: readonly string[];
  readonly value: unknown;
  /** The place that it came from, for people: `config/server.yaml, line 4`, or the name of a variable. */
  readonly from: string;
}

/** What a source holds, and what is wrong with the source itself. */
export interface Settings {
  readonly settings: readonly Setting[];
  /** One line each. */
  readonly problems: readonly string[];
}

/** What is wrong with some keys' values. */
export interface ConfigProblem {
  /** `server.control_port` */
  readonly keys: readonly string[];
  /** One line that names the keys, and where their values came from. */
  readonly line: string;
}

/** `server.control_port`. */
export function nameOf(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}

/** Where the value of a key came from, or undefined where it is the default. Later settings hold. */
export function originOf(settings: readonly Setting[], name: string): string | undefined {
  const isOf = ({ path }: Setting) => nameOf(path) === name || nameOf(path).startsWith(`${name}.`);
  return settings.findLast(isOf)?.from;
}

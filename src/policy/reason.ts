/** Why something is held or left out. */
export interface Reason {
  /** `mirror.toml:12`, or file and line of a requirement. Undefined when nothing was said and a default decides. */
  readonly where: string | undefined;
  /** The rule as a person would write it: `keep = 3`. */
  readonly text: string;
  /** What the rule found: `7th newest of 40 releases`. */
  readonly detail?: string | undefined;
}

/** What a setting says, and the reason to give for what follows from it. */
export interface Ruled<T> {
  readonly value: T;
  readonly because: Reason;
}

/** The same reason with what it found in one case. */
export function withDetail({ where, text }: Reason, detail: string): Reason {
  return { where, text, detail };
}

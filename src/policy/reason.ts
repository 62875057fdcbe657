/** The reason why something is held or left out. */
export interface Reason {
  /** The location of the setting: `mirror.toml:12`, or file and line of a requirement. Undefined for a default. */
  readonly where: string | undefined;
  /** The setting as a person would write it: `keep = 3`. */
  readonly text: string;
  /** The finding in one case: `7th newest of 40 releases`. */
  readonly detail?: string | undefined;
}

/** The value of a setting, with the reason for what follows from it. */
export interface Ruled<T> {
  readonly value: T;
  readonly because: Reason;
}

/** Returns the reason with a detail about one case. */
export function withDetail({ where, text }: Reason, detail: string): Reason {
  return { where, text, detail };
}

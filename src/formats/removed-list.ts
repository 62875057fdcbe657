/** `web/removed.json`: what was removed and why, for mirrors that mirror from this one and for people. */

/** A project or one file of it. */
export interface RemovedEntry {
  readonly project: string;
  /** Below `web/`; undefined for the whole project. */
  readonly path: string | undefined;
  readonly sha256: string | undefined;
  /** Milliseconds. */
  readonly at: number;
  readonly why: string;
}

/** The list, the latest first; `complete` is false where older entries are left out. */
export function renderRemovedList(entries: readonly RemovedEntry[], complete: boolean): string {
  const removed = entries.map(({ project, path, sha256, at, why }) =>
    JSON.stringify({ project, path, sha256, removed: new Date(at).toISOString(), why }),
  );
  return `{"complete":${complete},"removed":[${removed.map((entry) => `\n${entry}`).join(',')}\n]}\n`;
}

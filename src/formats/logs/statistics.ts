/**
 * The statistics of all published days, and `local-stats/summary.json`, which tells them to programs. Names are those
 * that were counted: they come from outside.
 */

export interface NamedDownloads {
  readonly name: string;
  readonly downloads: number;
}

/** The downloads of a day. */
export interface DayDownloads {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  readonly downloads: number;
  readonly bytes: number;
}

export interface InstallerDownloads extends NamedDownloads {
  readonly versions: readonly { readonly version: string; readonly downloads: number }[];
}

/** The sums over all published days. Lists of names have the highest counts first. */
export interface Statistics {
  /** The oldest first. */
  readonly days: readonly DayDownloads[];
  readonly projects: readonly NamedDownloads[];
  readonly files: readonly NamedDownloads[];
  readonly installers: readonly InstallerDownloads[];
  readonly python: readonly NamedDownloads[];
  readonly systems: readonly NamedDownloads[];
  /** The lines of all logs. */
  readonly lines: {
    readonly read: number;
    readonly counted: number;
    readonly skipped: Readonly<Record<string, number>>;
  };
}

/** The downloads of one name, on each of the days of {@link Statistics}; 0 where it was not among the counted names. */
export interface Trend {
  readonly name: string;
  readonly downloads: readonly number[];
}

/** What is shown of the statistics, beside their sums. */
export interface StatisticsDetails extends Statistics {
  readonly trends: {
    readonly projects: readonly Trend[];
    readonly files: readonly Trend[];
    readonly python: readonly Trend[];
    readonly systems: readonly Trend[];
  };
  /** The first and the last day that the logs have had so far, published or not; undefined for none. */
  readonly seen: readonly [first: string, last: string] | undefined;
  /** The days whose files are published, in order: `YYYY-MM-DD`. */
  readonly published: readonly string[];
}

/** Returns the summary as JSON. */
export function renderSummary(statistics: Statistics): Buffer {
  const { days, projects, files, installers, python, systems, lines } = statistics;
  const summary = { days, projects, files, installers, python, systems, lines };
  return Buffer.from(`${JSON.stringify(summary, undefined, 1)}\n`);
}

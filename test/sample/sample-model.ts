/** The things a sample index consists of. */

/** One line of the journal, in the order of XML-RPC's `changelog_since_serial`; the timestamp is in seconds. */
export type JournalRow = readonly [
  name: string | null,
  version: string | null,
  timestamp: number,
  action: string | null,
  serial: number,
];

/** A published file. */
export interface SampleFile {
  readonly filename: string;
  readonly version: string;
  /** Decoded URL path: `/packages/aa/bb/<60 hex>/<filename>`. */
  readonly path: string;
  readonly content: Buffer;
  readonly sha256: string;
  readonly uploadTime: Date;
  readonly requiresPython: string | null;
  readonly metadata?: Buffer;
  /** PEP 740 provenance object as JSON text. */
  provenance?: string;
}

/** What PyPI keeps per version. */
export interface SampleRelease {
  /** `true`: yanked without a reason. */
  yanked: boolean | string;
  quarantined: boolean;
}

/** A project with its files and releases. */
export interface SampleProject {
  /** The name as its owner spells it. */
  readonly displayName: string;
  readonly name: string;
  serial: number;
  archived: boolean;
  quarantined: boolean;
  readonly releases: Map<string, SampleRelease>;
  readonly files: Map<string, SampleFile>;
}

/** The files a visitor may see, in no particular order. */
export const visibleFiles = (project: SampleProject): SampleFile[] =>
  project.quarantined
    ? []
    : [...project.files.values()].filter(({ version }) => project.releases.get(version)?.quarantined !== true);

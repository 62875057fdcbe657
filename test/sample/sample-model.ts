/** The data types of a sample index. */

/** A row of the journal, in the order of XML-RPC's `changelog_since_serial`. The timestamp is in seconds. */
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
  /** The decoded URL path: `/packages/aa/bb/<60 hex>/<filename>`. */
  readonly path: string;
  readonly content: Buffer;
  readonly sha256: string;
  readonly uploadTime: Date;
  readonly requiresPython: string | null;
  readonly metadata?: Buffer;
  /** The PEP 740 provenance object as JSON text. */
  provenance?: string;
}

/** The data that PyPI stores for a version. */
export interface SampleRelease {
  /** `true` means yanked without a reason. */
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

/** Returns the files that a visitor may see, in no particular order. */
export const visibleFiles = (project: SampleProject): SampleFile[] =>
  project.quarantined
    ? []
    : [...project.files.values()].filter(({ version }) => project.releases.get(version)?.quarantined !== true);

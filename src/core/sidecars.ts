/**
 * The sidecars: what is served beside a file of the index. A new kind is a row of {@link sidecars}, and does not compile
 * until everything that is not the same for all kinds has a line for it: what a mirror remembers of it, how the pages tell
 * of it (formats/simple), and what a check says (cli/check).
 */
import { sha256Hex } from './hash.ts';

export type SidecarKind = 'metadata' | 'provenance';

/** What a mirror remembers of what lies beside a file. */
export interface SidecarFacts {
  /** sha256 of the core metadata; undefined when there is none. */
  readonly metadataSha256: string | undefined;
  /** True when there is a provenance object. */
  readonly provenance: boolean;
}

/** What differs from what is right, for people. */
interface Difference {
  readonly expected: string;
  readonly found: string;
}

export interface Sidecar {
  /** What its name has after that of the file. */
  readonly suffix: `.${string}`;
  /** Whether it is remembered as being there. */
  isHeld(file: SidecarFacts): boolean;
  /** What is remembered once it is gone. */
  readonly absent: Partial<SidecarFacts>;
  /** What is wrong with `bytes`, by what is known of the file; undefined when they are right. */
  problemOf(bytes: Buffer, file: Pick<SidecarFacts, 'metadataSha256'>): Difference | undefined;
  /** The type that an index is asked for. */
  readonly accept: string;
  /** Far more than real ones have; what is larger would fill memory where thousands come. */
  readonly maxBytes: number;
}

/** All kinds, in the order in which they are published. */
export const sidecars: Readonly<Record<SidecarKind, Sidecar>> = {
  /** The core metadata of a wheel (PEP 658): the page tells its hash. */
  metadata: {
    suffix: '.metadata',
    isHeld: ({ metadataSha256 }) => metadataSha256 !== undefined,
    absent: { metadataSha256: undefined },
    problemOf: (bytes, { metadataSha256 = 'none' }) => {
      const found = sha256Hex(bytes);
      return found === metadataSha256 ? undefined : { expected: metadataSha256, found };
    },
    accept: '*/*',
    maxBytes: 16 << 20,
  },
  /** The provenance object of a file (PEP 740): nothing tells its hash. */
  provenance: {
    suffix: '.provenance',
    isHeld: ({ provenance }) => provenance,
    absent: { provenance: false },
    problemOf: (bytes) => (isJson(bytes) ? undefined : { expected: 'JSON', found: 'something else' }),
    accept: 'application/vnd.pypi.integrity.v1+json',
    maxBytes: 1 << 20,
  },
};

export const sidecarKinds = Object.keys(sidecars) as readonly SidecarKind[];

/** The kinds that are remembered as lying beside the file. */
export function heldSidecars(file: SidecarFacts): SidecarKind[] {
  return sidecarKinds.filter((kind) => sidecars[kind].isHeld(file));
}

/** The other kinds. */
export function missingSidecars(file: SidecarFacts): SidecarKind[] {
  return sidecarKinds.filter((kind) => !sidecars[kind].isHeld(file));
}

/** The file as it is remembered once those of these kinds are gone. */
export function withoutSidecars<File extends SidecarFacts>(file: File, gone: readonly SidecarKind[]): File {
  let left = file;
  for (const kind of gone) left = { ...left, ...sidecars[kind].absent };
  return left;
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
}

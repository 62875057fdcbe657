/**
 * The kinds of sidecars: small files served beside a file of the index. A new kind is a row of {@link sidecars}. The
 * code does not compile until all places that treat the kinds differently handle it: the facts below, the pages
 * (formats/simple), and the texts of a check (cli/check).
 */
import { sha256Hex } from './hash.ts';

export type SidecarKind = 'metadata' | 'provenance';

/** The facts that the state remembers about the sidecars of a file. */
export interface SidecarFacts {
  /** The sha256 of the core metadata; undefined if there is none. */
  readonly metadataSha256: string | undefined;
  /** True if there is a provenance object. */
  readonly provenance: boolean;
}

/** A difference, for people. */
interface Difference {
  readonly expected: string;
  readonly found: string;
}

export interface Sidecar {
  /** The end of its name, after the name of the file. */
  readonly suffix: `.${string}`;
  /** Returns true if the state remembers that it is there. */
  isHeld(file: SidecarFacts): boolean;
  /** The facts about the file once the sidecar is gone. */
  readonly factsOnceGone: Partial<SidecarFacts>;
  /** Returns the difference between `bytes` and the facts about the file; undefined if there is none. */
  differenceOf(bytes: Buffer, file: Pick<SidecarFacts, 'metadataSha256'>): Difference | undefined;
  /** The `Accept` header of requests. */
  readonly accept: string;
  /** Size limit in bytes. Real ones are far smaller; larger ones would fill memory, as thousands are fetched. */
  readonly maxBytes: number;
}

/** All kinds, in the order in which they are published. */
export const sidecars: Readonly<Record<SidecarKind, Sidecar>> = {
  /** The core metadata of a wheel (PEP 658): the page tells its hash. */
  metadata: {
    suffix: '.metadata',
    isHeld: ({ metadataSha256 }) => metadataSha256 !== undefined,
    factsOnceGone: { metadataSha256: undefined },
    differenceOf: (bytes, { metadataSha256 = 'none' }) => {
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
    factsOnceGone: { provenance: false },
    differenceOf: (bytes) => (isJson(bytes) ? undefined : { expected: 'JSON', found: 'something else' }),
    accept: 'application/vnd.pypi.integrity.v1+json',
    maxBytes: 1 << 20,
  },
};

export const sidecarKinds = Object.keys(sidecars) as readonly SidecarKind[];

/** Returns the kinds that the state remembers for the file. */
export function heldSidecars(file: SidecarFacts): SidecarKind[] {
  return sidecarKinds.filter((kind) => sidecars[kind].isHeld(file));
}

/** Returns the kinds that the state does not remember for the file. */
export function missingSidecars(file: SidecarFacts): SidecarKind[] {
  return sidecarKinds.filter((kind) => !sidecars[kind].isHeld(file));
}

/** Returns the file as it is remembered once the sidecars `gone` are removed. */
export function withoutSidecars<File extends SidecarFacts>(file: File, gone: readonly SidecarKind[]): File {
  let left = file;
  for (const kind of gone) left = { ...left, ...sidecars[kind].factsOnceGone };
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

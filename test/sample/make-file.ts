/** From a distribution to a file of the index: its digest, its path, its provenance. */

import { createHash } from 'node:crypto';
import type { Distribution } from './distributions.ts';
import { makeProvenance } from './provenance.ts';
import type { SampleFile } from './sample-model.ts';

/** How a file is published. */
export interface PublishOptions {
  /** Spelling of a project that does not exist yet; the distribution's own name unless told. */
  readonly displayName?: string;
  /** Yanks the release at once; `true` is a yank without a reason. */
  readonly yanked?: boolean | string;
  readonly uploadTime?: Date;
  /** `true` makes a provenance object; a string is served as it is. */
  readonly provenance?: boolean | string;
}

/** The published form of a distribution. */
export const makeFile = (distribution: Distribution, options: PublishOptions, uploadTime: Date): SampleFile => {
  const { version, filename, content, requiresPython = null, metadata } = distribution;
  const sha256 = createHash('sha256').update(content).digest('hex');
  const path = `/packages/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256.slice(4)}/${filename}`;
  const provenance = provenanceText(options.provenance ?? false, filename, sha256);
  const file = { filename, version, path, content, sha256, uploadTime, requiresPython };
  return { ...file, ...(metadata !== undefined && { metadata }), ...(provenance !== undefined && { provenance }) };
};

/** The provenance object that was wished for: a new one, that very text, or none. */
export const provenanceText = (wish: boolean | string, filename: string, sha256: string): string | undefined => {
  if (typeof wish === 'string') return wish;
  return wish ? makeProvenance(filename, sha256) : undefined;
};

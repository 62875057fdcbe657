/** Makes a file of the index from a distribution: its digest, path and provenance. */

import { createHash } from 'node:crypto';
import type { Distribution } from './distributions.ts';
import { makeProvenance } from './provenance.ts';
import type { SampleFile } from './sample-model.ts';

/** The options of publishing a file. */
export interface PublishOptions {
  /** The spelling of a new project; by default the distribution's name. */
  readonly displayName?: string;
  /** Yanks the release at once. `true` yanks it without a reason. */
  readonly yanked?: boolean | string;
  readonly uploadTime?: Date;
  /** `true` makes a provenance object. A string is served as it is. */
  readonly provenance?: boolean | string;
}

/** Returns the file of a distribution. */
export const makeFile = (distribution: Distribution, options: PublishOptions, uploadTime: Date): SampleFile => {
  const { version, filename, content, requiresPython = null, metadata } = distribution;
  const sha256 = createHash('sha256').update(content).digest('hex');
  const path = `/packages/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256.slice(4)}/${filename}`;
  const provenance = provenanceText(options.provenance ?? false, filename, sha256);
  const file = { filename, version, path, content, sha256, uploadTime, requiresPython };
  return { ...file, ...(metadata !== undefined && { metadata }), ...(provenance !== undefined && { provenance }) };
};

/** Returns a new provenance object, the given text, or undefined. */
export const provenanceText = (wish: boolean | string, filename: string, sha256: string): string | undefined => {
  if (typeof wish === 'string') return wish;
  return wish ? makeProvenance(filename, sha256) : undefined;
};

import type { PublishedFile, SimpleFile, SimplePage } from '../../../src/formats/simple/simple-json.ts';

export const sha256 = '0123456789abcdef'.repeat(4);

/** A file of a page; what is not given is what most files have. */
export function simpleFile(given: Partial<SimpleFile> = {}): SimpleFile {
  return {
    filename: 'pkg-1.0.zip',
    url: 'https://files.example/packages/pkg-1.0.zip',
    sha256,
    size: 3,
    uploadTimeMs: 0,
    requiresPython: undefined,
    yanked: false,
    metadataSha256: undefined,
    provenance: undefined,
    json: {},
    ...given,
  };
}

export function simplePage(given: Partial<SimplePage> = {}): SimplePage {
  return {
    name: 'pkg',
    serial: 7,
    status: 'active',
    statusReason: undefined,
    files: [],
    unusable: [],
    json: {},
    ...given,
  };
}

/** The file as upstream itself publishes it. */
export function asListed(file: SimpleFile): PublishedFile {
  const { url, metadataSha256, provenance } = file;
  return { file, url, metadataSha256, provenance };
}

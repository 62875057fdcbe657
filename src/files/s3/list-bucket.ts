/** Reads listings of a bucket page by page. */
import { MirrorError } from '../../core/errors.ts';
import type { ListedObject, ListedPage, OpenUpload } from './bucket.ts';
import { parseBytes, unquoted } from './object-head.ts';
import { elementsOf, readXml, textOf, type XmlElement } from './read-xml.ts';
import type { StoreClient, StoreRequest } from './store-client.ts';

/** Where a listing goes on: the parameters of the next request. */
type Position = Readonly<Record<string, string>>;

/**
 * Yields the objects of the bucket whose keys begin with `root` and `prefix`. Their keys are returned without `root`.
 */
export async function* listObjects(
  client: StoreClient,
  root: string,
  prefix: string,
  { delimiter, after }: { readonly delimiter?: '/' | undefined; readonly after?: string | undefined },
): AsyncIterable<ListedPage> {
  const query = {
    'list-type': '2',
    'encoding-type': 'url',
    prefix: root + prefix,
    ...(delimiter !== undefined && { delimiter }),
    ...(after !== undefined && { 'start-after': root + after }),
  };
  for await (const page of pagesOf(client, query, (page) => {
    const token = textOf(page, 'NextContinuationToken');
    return token === undefined ? undefined : { 'continuation-token': token };
  })) {
    const reader = new EntryReader(client, page, root, prefix);
    const folders = elementsOf(page, 'CommonPrefixes').map((entry) => reader.key(entry, 'Prefix'));
    yield { objects: elementsOf(page, 'Contents').map((entry) => reader.object(entry)), folders };
  }
}

/** Yields the open uploads to keys that begin with `root` and `prefix`. Their keys are returned without `root`. */
export async function* listUploads(client: StoreClient, root: string, prefix: string): AsyncIterable<OpenUpload> {
  // Of uploads Ceph 16 would not say whether it has encoded their keys.
  const query = { uploads: '', prefix: root + prefix };
  for await (const page of pagesOf(client, query, (page) => {
    const reader = new EntryReader(client, page, '', '');
    const id = textOf(page, 'NextUploadIdMarker') ?? '';
    return { 'key-marker': reader.key(page, 'NextKeyMarker'), ...(id !== '' && { 'upload-id-marker': id }) };
  })) {
    const reader = new EntryReader(client, page, root, prefix);
    for (const entry of elementsOf(page, 'Upload')) {
      const startedMs = reader.time(entry, 'Initiated');
      yield { key: reader.key(entry, 'Key'), uploadId: reader.text(entry, 'UploadId'), startedMs };
    }
  }
}

/** Yields the answers to the query, until one is not truncated. */
async function* pagesOf(
  client: StoreClient,
  query: Position,
  next: (page: XmlElement) => Position | undefined,
): AsyncIterable<XmlElement> {
  let position: Position | undefined = {};
  while (position !== undefined) {
    const request: StoreRequest = {
      kind: 'list',
      method: 'GET',
      query: { ...query, ...position },
    };
    const page = parseAnswer(client, request, (await client.send(request)).body);
    yield page;
    if (textOf(page, 'IsTruncated') !== 'true') return;
    const following = next(page);
    if (following === undefined || JSON.stringify(following) === JSON.stringify(position))
      throw client.error(request, 'the listing is cut off, and the store does not say where it goes on');
    position = following;
  }
}

/** Reads the XML of an answer. Throws StorageError. */
export function parseAnswer(
  client: StoreClient,
  request: Pick<StoreRequest, 'method' | 'key'>,
  body: Buffer,
): XmlElement {
  try {
    return readXml(body.toString('utf8'));
  } catch (cause) {
    if (!(cause instanceof MirrorError)) throw cause;
    throw client.error(request, `the answer is no XML of S3: ${cause.message}`, cause);
  }
}

/** Reads the entries of a page of a listing. Throws StorageError. */
class EntryReader {
  readonly #client: StoreClient;
  readonly #isEncoded: boolean;
  readonly #root: string;
  readonly #start: string;

  constructor(client: StoreClient, page: XmlElement, root: string, prefix: string) {
    this.#client = client;
    this.#isEncoded = textOf(page, 'EncodingType') === 'url';
    this.#root = root;
    this.#start = root + prefix;
  }

  object(entry: XmlElement): ListedObject {
    const bytes = parseBytes(this.text(entry, 'Size'));
    if (bytes === undefined) throw this.#wrong('Size', entry);
    return {
      key: this.key(entry, 'Key'),
      bytes,
      etag: unquoted(this.text(entry, 'ETag')),
      modifiedMs: this.time(entry, 'LastModified'),
    };
  }

  key(entry: XmlElement, name: string): string {
    const text = this.text(entry, name);
    const key = this.#isEncoded ? decodeKey(text) : text;
    if (key?.startsWith(this.#start) !== true) throw this.#wrong(name, entry);
    return key.slice(this.#root.length);
  }

  time(entry: XmlElement, name: string): number {
    const ms = Date.parse(this.text(entry, name));
    if (Number.isNaN(ms)) throw this.#wrong(name, entry);
    return ms;
  }

  text(entry: XmlElement, name: string): string {
    const text = textOf(entry, name);
    if (text === undefined) throw this.#wrong(name, entry);
    return text;
  }

  #wrong(name: string, entry: XmlElement): Error {
    const found = textOf(entry, name);
    const shown = found === undefined ? 'none' : JSON.stringify(found.slice(0, 100));
    return this.#client.error({ method: 'GET' }, `a listing has a wrong ${name}: found ${shown}`);
  }
}

function decodeKey(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

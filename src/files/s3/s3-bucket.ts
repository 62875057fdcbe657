/** Implements the port to a bucket with the REST API of S3, as far as AWS, Ceph, MinIO and R2 agree on it. */
import { createHash } from 'node:crypto';
import type {
  Bucket,
  Condition,
  ListedPage,
  ObjectBody,
  ObjectHead,
  ObjectHeaders,
  OpenUpload,
  Usage,
} from './bucket.ts';
import { listObjects, listUploads, parseAnswer } from './list-bucket.ts';
import { lengthOf, parseHead, renderHeaders, totalBytes, unquoted } from './object-head.ts';
import { elementsOf, escapeXml, textOf, type XmlElement } from './read-xml.ts';
import type { Answer } from './receive-answer.ts';
import { StoreClient, type StoreOptions, type StoreRequest } from './store-client.ts';

/** How a store wants the ETag of a condition. Ceph 16 takes it only without quotes, others only with them. */
export type EtagForm = 'quoted' | 'unquoted';

export interface BucketOptions extends StoreOptions {
  /** Found by `probeConditions`; quoted by default. */
  readonly etagForm?: EtagForm;
  /** The size of the parts in which what is too large to be copied at once is copied. 1 GiB by default. */
  readonly copyPartBytes?: number;
}

/** Limit for an object that is read at once, in bytes. */
const maxReadBytes = 512 << 20;
const maxKeysARequest = 1_000;
/** The store takes minutes for what it does itself to large objects. */
const storeWorkFactor = 10;

const missing = ['NoSuchKey'];
/** What stores answer to a copy of more than 5 GiB. */
const tooLargeToCopy = ['InvalidRequest', 'EntityTooLarge'];
/** What HEAD is refused with: the status, as there is no body. */
const headRefusals = ['301', '307', '400', '401', '403', '404'];
const refused = ['PreconditionFailed', '412'];

export class S3Bucket implements Bucket {
  readonly #client: StoreClient;
  readonly #prefix: string;
  readonly #etagForm: EtagForm;
  readonly #copyPartBytes: number;

  constructor({ etagForm = 'quoted', copyPartBytes = 1 << 30, ...options }: BucketOptions) {
    this.#client = new StoreClient(options);
    this.#prefix = options.prefix;
    this.#etagForm = etagForm;
    this.#copyPartBytes = copyPartBytes;
  }

  get where(): string {
    return this.#client.where;
  }

  /** Returns `s3://bucket/prefix/key`, for people. */
  addressOf(key: string): string {
    return this.#client.addressOf(key);
  }

  get usage(): Usage {
    return this.#client.usage;
  }

  /** The time of the store in its last answer, in milliseconds since 1970; undefined if it told none. */
  get answeredMs(): number | undefined {
    return this.#client.answeredMs;
  }

  async head(key: string): Promise<ObjectHead | undefined> {
    const answer = await this.#client.send({ kind: 'head', method: 'HEAD', key, accept: headRefusals });
    if (answer.code === '') return this.#head({ method: 'HEAD', key }, answer, lengthOf(answer.headers));
    // An answer to HEAD has no body that says what is wrong, and whether the key or the whole bucket is missing.
    const range = { range: 'bytes=0-0' };
    const reason = await this.#client.send({ kind: 'get', method: 'GET', key, headers: range, accept: missing });
    if (reason.code !== '') return undefined;
    return this.#head({ method: 'GET', key }, reason, totalBytes(reason.headers, 0));
  }

  async read(key: string, range?: { readonly start: number; readonly end: number }): Promise<ObjectBody | undefined> {
    const request: StoreRequest = {
      kind: 'get',
      method: 'GET',
      key,
      accept: [...missing, 'InvalidRange'],
      maxBytes: maxReadBytes,
      ...(range && { headers: { range: `bytes=${range.start}-${Math.max(range.start, range.end - 1)}` } }),
    };
    const answer = await this.#client.send(request);
    if (answer.code === 'NoSuchKey') return undefined;
    if (answer.code === 'InvalidRange') {
      const head = await this.head(key);
      return head && { ...head, body: Buffer.alloc(0) };
    }
    const length = lengthOf(answer.headers);
    if (length !== undefined && length !== answer.body.length)
      throw this.#client.error(request, `expected ${length} bytes, found ${answer.body.length}`);
    if (range === undefined) return { ...this.#head(request, answer, answer.body.length), body: answer.body };
    const total = answer.status === 206 ? totalBytes(answer.headers, range.start) : undefined;
    if (total === undefined) throw this.#client.error(request, `the store answers ${answer.status} to a range`);
    const body = answer.body.subarray(0, Math.max(0, range.end - range.start));
    return { ...this.#head(request, answer, total), body };
  }

  async stream(key: string, eachPiece: (piece: Buffer) => void | Promise<void>): Promise<ObjectHead | undefined> {
    let from = 0;
    let head: ObjectHead | undefined;
    const request = (): StoreRequest => ({
      kind: 'get',
      method: 'GET',
      key,
      accept: missing,
      ...(from > 0 && { headers: { range: `bytes=${from}-` } }),
      choose: ({ status, headers }) => {
        if (status !== 200 && status !== 206) return undefined;
        const bytes = status === 206 ? totalBytes(headers, from) : lengthOf(headers);
        const found = this.#head(request(), { headers }, bytes);
        if ((from > 0 && status === 200) || (head !== undefined && head.etag !== found.etag))
          throw this.#client.error(request(), 'the object was replaced while it was read');
        head = found;
        return (piece) => {
          from += piece.length;
          return eachPiece(piece);
        };
      },
    });
    const answer = await this.#client.send(request(), request);
    if (answer.code !== '') return undefined;
    if (head !== undefined && head.bytes !== from)
      throw this.#client.error(request(), `expected ${head.bytes} bytes, found ${from}`);
    return head;
  }

  async put(key: string, body: Buffer, headers: ObjectHeaders, condition?: Condition): Promise<string | undefined> {
    const answer = await this.#client.send({
      kind: 'put',
      method: 'PUT',
      key,
      headers: { ...renderHeaders(headers), ...this.#renderCondition(condition) },
      body,
      accept: condition === undefined ? [] : [...refused, ...('ifMatch' in condition ? missing : [])],
    });
    if (answer.code === '') return this.#etag({ method: 'PUT', key }, answer);
    if (answer.attempts === 1) return undefined;
    // An earlier attempt, whose answer was lost, may have put it.
    const found = await this.read(key);
    return found?.body.equals(body) === true ? found.etag : undefined;
  }

  #renderCondition(condition: Condition | undefined): Readonly<Record<string, string>> {
    if (condition === undefined) return {};
    if ('ifAbsent' in condition) return { 'if-none-match': '*' };
    return { 'if-match': this.#etagForm === 'quoted' ? `"${condition.ifMatch}"` : condition.ifMatch };
  }

  async copy(from: string, to: string, headers?: ObjectHeaders): Promise<boolean> {
    const answer = await this.#client.send({
      kind: 'copy',
      method: 'PUT',
      key: to,
      headers: {
        'x-amz-copy-source': this.#client.sourceOf(from),
        'x-amz-metadata-directive': headers === undefined ? 'COPY' : 'REPLACE',
        ...(headers && renderHeaders(headers)),
      },
      accept: [...missing, ...tooLargeToCopy],
      timeoutFactor: storeWorkFactor,
    });
    return tooLargeToCopy.includes(answer.code) ? this.#copyParts(from, to, headers) : answer.code === '';
  }

  /** Copies what is larger than 5 GiB. */
  async #copyParts(from: string, to: string, headers: ObjectHeaders | undefined): Promise<boolean> {
    const source = await this.head(from);
    if (source === undefined) return false;
    const uploadId = await this.beginUpload(to, headers ?? source.headers);
    const request = { kind: 'copy', method: 'PUT', key: to } as const;
    const etags: string[] = [];
    try {
      for (let at = 0; at < source.bytes; at += this.#copyPartBytes) {
        const range = `bytes=${at}-${Math.min(at + this.#copyPartBytes, source.bytes) - 1}`;
        const answer = await this.#client.send({
          ...request,
          query: { partNumber: String(etags.length + 1), uploadId },
          headers: { 'x-amz-copy-source': this.#client.sourceOf(from), 'x-amz-copy-source-range': range },
          timeoutFactor: storeWorkFactor,
        });
        const etag = textOf(this.#parse(request, answer), 'ETag');
        if (etag === undefined) throw this.#client.error(request, 'the answer has no ETag');
        etags.push(unquoted(etag));
      }
      await this.completeUpload(to, uploadId, etags);
    } catch (error) {
      await this.abortUpload(to, uploadId).catch(() => {});
      throw error;
    }
    return true;
  }

  async remove(keys: readonly string[]): Promise<void> {
    // XML cannot say some characters, and some stores have only the request for one key.
    const isAlone = (key: string): boolean => keys.length === 1 || /[^\t\n\r\u0020-\ufffd]/.test(key);
    for (const key of keys.filter(isAlone))
      await this.#client.send({ kind: 'delete', method: 'DELETE', key, accept: missing });
    const others = keys.filter((key) => !isAlone(key));
    for (let at = 0; at < others.length; at += maxKeysARequest)
      await this.#removeMany(others.slice(at, at + maxKeysARequest));
  }

  async #removeMany(keys: readonly string[]): Promise<void> {
    const objects = keys.map((key) => `<Object><Key>${escapeXml(this.#prefix + key)}</Key></Object>`);
    const body = Buffer.from(`<Delete><Quiet>true</Quiet>${objects.join('')}</Delete>`);
    const request = { kind: 'delete', method: 'POST', query: { delete: '' } } as const;
    const answer = await this.#client.send({
      ...request,
      headers: { 'content-type': 'application/xml', 'content-md5': md5(body) },
      body,
      timeoutFactor: 2,
    });
    const failed = elementsOf(this.#parse(request, answer), 'Error').filter(
      (error) => textOf(error, 'Code') !== 'NoSuchKey',
    );
    // One by one they are tried again, and tell what is wrong.
    for (const error of failed) {
      const key = textOf(error, 'Key') ?? '';
      if (!keys.includes(key.slice(this.#prefix.length)) || !key.startsWith(this.#prefix))
        throw this.#client.error(request, `the store names ${key.slice(0, 100)}, which it was not asked to remove`);
      await this.#client.send({
        kind: 'delete',
        method: 'DELETE',
        key: key.slice(this.#prefix.length),
        accept: missing,
      });
    }
  }

  list(
    prefix: string,
    options: { readonly delimiter?: '/' | undefined; readonly after?: string | undefined } = {},
  ): AsyncIterable<ListedPage> {
    return listObjects(this.#client, this.#prefix, prefix, options);
  }

  async beginUpload(key: string, headers: ObjectHeaders): Promise<string> {
    const request = { kind: 'upload', method: 'POST', key, query: { uploads: '' } } as const;
    const answer = await this.#client.send({ ...request, headers: renderHeaders(headers) });
    const id = textOf(this.#parse(request, answer), 'UploadId');
    if (id === undefined || id === '') throw this.#client.error(request, 'the answer has no UploadId');
    return id;
  }

  async putPart(key: string, uploadId: string, number: number, body: Buffer): Promise<string> {
    const request = { kind: 'upload', method: 'PUT', key } as const;
    const query = { partNumber: String(number), uploadId };
    return this.#etag(request, await this.#client.send({ ...request, query, body }));
  }

  async completeUpload(key: string, uploadId: string, etags: readonly string[]): Promise<string> {
    const parts = etags.map(
      (etag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>"${escapeXml(etag)}"</ETag></Part>`,
    );
    const request = { kind: 'upload', method: 'POST', key } as const;
    const complete = {
      ...request,
      query: { uploadId },
      headers: { 'content-type': 'application/xml' },
      body: Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`),
      timeoutFactor: storeWorkFactor,
    };
    // Ceph 16 answers InternalError for ever if there is no such upload.
    const answer = await this.#client.send({ ...complete, accept: ['NoSuchUpload', 'InternalError'] });
    if (answer.code === '') return this.#etagOfUpload(key, answer);
    if (answer.code === 'InternalError' && (await this.#isOpen(key, uploadId))) {
      const again = await this.#client.send({ ...complete, accept: ['NoSuchUpload'] });
      if (again.code === '') return this.#etagOfUpload(key, again);
    }
    // An earlier attempt, whose answer was lost, may have completed it.
    const etag = etagOfParts(etags);
    if ((await this.head(key))?.etag !== etag)
      throw this.#client.error(request, 'the store has no such upload; it was aborted meanwhile');
    return etag;
  }

  async #etagOfUpload(key: string, answer: Pick<Answer, 'body'>): Promise<string> {
    const request = { method: 'POST', key } as const;
    const etag = unquoted(textOf(this.#parse(request, answer), 'ETag') ?? '');
    // That of Ceph 16 is empty.
    const found = etag === '' ? await this.head(key) : { etag };
    if (found === undefined) throw this.#client.error(request, 'the object is missing after its upload was completed');
    return found.etag;
  }

  async #isOpen(key: string, uploadId: string): Promise<boolean> {
    const query = { uploadId, 'max-parts': '1' };
    const answer = await this.#client.send({
      kind: 'list',
      method: 'GET',
      key,
      query,
      accept: [...missing, 'NoSuchUpload'],
    });
    return answer.code === '';
  }

  async abortUpload(key: string, uploadId: string): Promise<void> {
    const accept = ['NoSuchUpload', 'NoSuchKey'];
    await this.#client.send({ kind: 'delete', method: 'DELETE', key, query: { uploadId }, accept });
  }

  uploads(prefix: string): AsyncIterable<OpenUpload> {
    return listUploads(this.#client, this.#prefix, prefix);
  }

  #head(
    request: Pick<StoreRequest, 'method' | 'key'>,
    { headers }: Pick<Answer, 'headers'>,
    bytes: number | undefined,
  ): ObjectHead {
    const head = bytes === undefined ? undefined : parseHead(headers, bytes);
    if (head === undefined) throw this.#client.error(request, 'the answer lacks length, ETag or Last-Modified');
    return head;
  }

  #etag(request: Pick<StoreRequest, 'method' | 'key'>, { headers }: Pick<Answer, 'headers'>): string {
    if (headers.etag === undefined) throw this.#client.error(request, 'the answer has no ETag');
    return unquoted(headers.etag);
  }

  #parse(request: Pick<StoreRequest, 'method' | 'key'>, { body }: Pick<Answer, 'body'>): XmlElement {
    return parseAnswer(this.#client, request, body);
  }
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('base64');
}

/** Returns the ETag of an object that was made of parts with these ETags, unless the store encrypts objects. */
function etagOfParts(etags: readonly string[]): string {
  const parts = createHash('md5');
  for (const etag of etags) parts.update(Buffer.from(etag, 'hex'));
  return `${parts.digest('hex')}-${etags.length}`;
}

/**
 * The port to a bucket of an object store. Keys are relative to the prefix of the mirror. ETags are without the quotes
 * that some answers put around them. All methods throw StorageError, and PausedError once the run is asked to stop.
 */

/** The headers that are stored with an object and served with it. */
export interface ObjectHeaders {
  readonly contentType: string;
  readonly contentEncoding?: string | undefined;
  readonly cacheControl?: string | undefined;
  /** `x-amz-meta-*`, by the rest of the name in lower case. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What a store tells of an object without its bytes. */
export interface ObjectHead {
  readonly bytes: number;
  readonly etag: string;
  readonly headers: ObjectHeaders;
  /** Milliseconds since 1970, in whole seconds. */
  readonly modifiedMs: number;
}

/** An object with its bytes, or with those of them that were asked for. */
export interface ObjectBody extends ObjectHead {
  readonly body: Buffer;
}

/** An object as listings tell it. */
export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
  readonly etag: string;
  readonly modifiedMs: number;
}

/** At most a thousand keys in the order of their bytes, and what they are grouped by if there is a delimiter. */
export interface ListedPage {
  readonly objects: readonly ListedObject[];
  /** Prefixes with the delimiter at their end. */
  readonly folders: readonly string[];
}

/**
 * When an object may be put: none is there, or one with this ETag. The same bytes have the same ETag, so who puts must
 * put something of his own, and never the same twice.
 */
export type Condition = { readonly ifAbsent: true } | { readonly ifMatch: string };

/** A multipart upload that was neither completed nor aborted. */
export interface OpenUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly startedMs: number;
}

/** The kinds of requests, as stores charge for them: deletions are free, and all but `get` and `head` are writes. */
export type RequestKind = 'get' | 'head' | 'put' | 'copy' | 'list' | 'upload' | 'delete';

/** What was asked of the store so far. Requests that were repeated count each time. */
export interface Usage {
  readonly requests: Readonly<Record<RequestKind, number>>;
  /** Bytes of bodies. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly retries: number;
}

export interface Bucket {
  /** Returns `s3://bucket/prefix/key`, for people. */
  addressOf(key: string): string;
  head(key: string): Promise<ObjectHead | undefined>;
  /**
   * Reads a small object, or its bytes from `start` up to, but without, `end`. Fewer if the object ends before.
   */
  read(key: string, range?: { readonly start: number; readonly end: number }): Promise<ObjectBody | undefined>;
  /**
   * Reads an object in pieces, one after the other. While a returned promise is pending, nothing more is read. What
   * `eachPiece` throws ends the reading, and is thrown.
   */
  stream(key: string, eachPiece: (piece: Buffer) => void | Promise<void>): Promise<ObjectHead | undefined>;
  /**
   * Puts an object; the store compares it with the signed sha256. Returns its ETag, or undefined if the condition does
   * not hold. If the answer to a put was lost, an object with the very same bytes counts as put.
   */
  put(key: string, body: Buffer, headers: ObjectHeaders, condition?: Condition): Promise<string | undefined>;
  /** Copies an object within the store, with its headers or with others. Returns false if it is missing. */
  copy(from: string, to: string, headers?: ObjectHeaders): Promise<boolean>;
  /** Removes objects, a thousand a request. Missing ones are skipped. */
  remove(keys: readonly string[]): Promise<void>;
  /**
   * Yields the objects whose keys begin with `prefix`, in pages of at most a thousand, beginning after the key `after`.
   */
  list(
    prefix: string,
    options?: { readonly delimiter?: '/' | undefined; readonly after?: string | undefined },
  ): AsyncIterable<ListedPage>;
  /** Begins a multipart upload, and returns its id. */
  beginUpload(key: string, headers: ObjectHeaders): Promise<string>;
  /** Uploads a part; parts are numbered from 1, and all but the last have 5 MiB at least. Returns its ETag. */
  putPart(key: string, uploadId: string, number: number, body: Buffer): Promise<string>;
  /** Makes the object of its parts, whose ETags are in their order. Returns the ETag of the object. */
  completeUpload(key: string, uploadId: string, etags: readonly string[]): Promise<string>;
  /** Drops an upload with its parts. One that is gone already is skipped. */
  abortUpload(key: string, uploadId: string): Promise<void>;
  /** Yields the open uploads to keys that begin with `prefix`. */
  uploads(prefix: string): AsyncIterable<OpenUpload>;
  /** The requests so far. */
  readonly usage: Usage;
  /** `s3://bucket/prefix at https://endpoint`, for messages. */
  readonly where: string;
}

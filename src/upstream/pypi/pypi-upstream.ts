/**
 * The Upstream port over PyPI's interfaces: the simple API in JSON, the XML-RPC changelog, and the host of the files.
 */
import { PassThrough, type Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Clock } from '../../core/clock.ts';
import { NonsenseError, PausedError, UnreachableError, UnreadableError } from '../../core/errors.ts';
import type { FileSink, ResumePoint } from '../../core/file-sink.ts';
import { sha256Hex } from '../../core/hash.ts';
import type { MemoryBudget } from '../../core/memory-budget.ts';
import type { ProjectName } from '../../core/names.ts';
import { blobPath, filenameOf, pathByHash, type WebPath } from '../../core/paths.ts';
import { withRetries } from '../../core/retry.ts';
import { Semaphore } from '../../core/semaphore.ts';
import { type SidecarKind, sidecars } from '../../core/sidecars.ts';
import { isJsonObject, serialOf } from '../../formats/json.ts';
import type { FeedPiece } from '../../formats/mirror/change-feed.ts';
import { parseSimplePage, withSerial } from '../../formats/simple/simple-json.ts';
import { renderXmlRpcCall } from '../../formats/xml-rpc.ts';
import type * as port from '../upstream.ts';
import type { Changes, ProjectList, ProjectResponse, Upstream } from '../upstream.ts';
import { expectJson, isJsonText, textOf } from './body-text.ts';
import { parseChanges, parseLastSerial, parseReply } from './changelog.ts';
import { isGzip } from './content-encoding.ts';
import { isEtag } from './etag.ts';
import { fetchFeed, fetchFeedPiece } from './fetch-change-feed.ts';
import { fetchSnapshot } from './fetch-snapshot.ts';
import { genericAccept, htmlList, htmlPage, isHtml, isOwnEtag, ownEtag } from './generic-index.ts';
import { type ChooseReceiver, type HttpClient, type HttpRequest, type HttpResponse, isTimeout } from './http-client.ts';
import { unpacked, weightOf } from './packed-body.ts';
import { nextAddress, redirectStatuses } from './page-redirect.ts';
import { PrefetchedPages } from './prefetched-pages.ts';
import { readList, untilFree } from './project-list-stream.ts';
import { receiveFile } from './receive-file.ts';
import { RequestLimiter } from './request-limiter.ts';
import { expectStatus } from './response-status.ts';

const simpleJson = 'application/vnd.pypi.simple.v1+json';
/** Number of pages that may arrive at the same time: how much memory a page needs is known only then. */
const maxConcurrentPages = 16;
const maxRedirects = 3;
/** The latest date with a year of four digits, in milliseconds. */
const lastTime = Date.UTC(9999, 11, 31);

export interface PypiUpstreamOptions {
  /** The index, without a slash at its end: `https://pypi.org`. */
  readonly base: string;
  /**
   * The URL below which the pages of projects lie, if that is not `BASE/simple`, as on an index other than PyPI (see
   * generic-index.ts). Serials of such an index are dropped, because they count differently from the mirror's, and its
   * files get paths made from their hashes.
   */
  readonly genericSimpleUrl?: string;
  /** Hosts (with port, if any) besides the index's own that files may come from. */
  readonly fileHosts: readonly string[];
  readonly http: HttpClient;
  readonly limiter: RequestLimiter;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The budget that the memory of pages is taken from, by project. The caller that asked for a page gives it back. */
  readonly memory?: MemoryBudget;
  /**
   * Milliseconds to wait for the changelog, which upstream computes for each answer. As long as for other requests by
   * default.
   */
  readonly changelogTimeoutMs?: number;
}

export class PypiUpstream implements Upstream {
  readonly #options: PypiUpstreamOptions;
  readonly #hosts: ReadonlySet<string>;
  readonly #scheme: string;
  /** The address of the list, without a slash at its end. */
  readonly #simple: string;
  readonly #types: string;
  readonly #pages = new Semaphore(maxConcurrentPages);
  readonly #looked = new PrefetchedPages();
  readonly #changelogLimiter: RequestLimiter;
  #time: number | undefined;
  /**
   * Headers for pages and lists. Nothing purges caches when a mirror of our kind changes, so they must not answer
   * by themselves.
   */
  #freshness: { readonly 'cache-control'?: 'no-cache' } = {};

  constructor(options: PypiUpstreamOptions) {
    this.#options = options;
    const base = new URL(options.base);
    this.#scheme = base.protocol;
    this.#simple = options.genericSimpleUrl ?? `${options.base}/simple`;
    this.#types = options.genericSimpleUrl === undefined ? simpleJson : genericAccept;
    this.#hosts = new Set([base.host, ...options.fileHosts]);
    this.#changelogLimiter = new RequestLimiter({ start: 1, max: 1 }, options.clock, options.signal);
  }

  async serial(): Promise<number> {
    return this.#call('changelog_last_serial', [], parseLastSerial);
  }

  async changesSince(serial: number): Promise<Changes> {
    return this.#call('changelog_since_serial', [serial], (text, source) => parseChanges(text, serial, source));
  }

  async feed(etag: string | undefined): Promise<port.ServedFeed | 'unchanged' | undefined> {
    const ask = (request: HttpRequest, expected: readonly number[]): Promise<HttpResponse> =>
      this.#askWithRetries(request, expected);
    const found = await fetchFeed(this.#options.base, etag, ask);
    if (found !== undefined) this.#freshness = { 'cache-control': 'no-cache' };
    return found;
  }

  feedPiece(id: string, piece: number): Promise<FeedPiece | undefined> {
    return fetchFeedPiece(this.#options.base, id, piece, (request, expected) =>
      this.#askWithRetries(request, expected),
    );
  }

  listProjects(etag: string | undefined): Promise<ProjectList | undefined> {
    const { clock, signal } = this.#options;
    return withRetries(clock, signal, () => this.#openList(etag));
  }

  /** Resolves as soon as the list begins to arrive. */
  #openList(etag: string | undefined): Promise<ProjectList | undefined> {
    const url = new URL(`${this.#simple}/`);
    const headers = {
      accept: this.#types,
      'accept-encoding': 'gzip',
      ...this.#freshness,
      ...(isEtag(etag) && { 'if-none-match': etag }),
    };
    return new Promise((resolve, reject) => {
      let body: Transform | undefined;
      const choose: ChooseReceiver = (status, answered) => {
        if (status !== 200 || !isSimpleJson(answered)) return undefined;
        body = isGzip(answered, url) ? createGunzip({ chunkSize: 1 << 18 }) : new PassThrough();
        const stream = body;
        resolve(readList(stream, url, answered.etag));
        return (chunk) => {
          if (stream.destroyed || stream.write(chunk)) return;
          return untilFree(stream);
        };
      };
      this.#ask({ url, headers }, [200, ...unchangedIf(isEtag(etag))], { choose })
        .then(
          (answer) => {
            if (body !== undefined) body.end();
            else if (answer.status === 304) resolve(undefined);
            else if (this.#isPlainHtml(answer)) resolve(htmlList(answer, url));
            else reject(new NonsenseError(`${url}: expected ${simpleJson}, found ${answer.headers['content-type']}`));
          },
          (error) => (body === undefined ? reject(error) : body.destroy(error)),
        )
        .catch(reject);
    });
  }

  async project(name: ProjectName, etag: string | undefined, fresh: boolean): Promise<ProjectResponse> {
    const url = new URL(`${this.#simple}/${name}/`);
    const { answer, address, weight } = await this.#pages.run(() => this.#page(url, name, etag, fresh));
    if (answer.status === 304) return { kind: 'unchanged' };
    if (answer.status !== 200) return { kind: 'absent' };
    // A page that waits for memory holds no slot, and stays compressed.
    await this.#options.memory?.acquire(name, weight);
    const body = await unpacked(answer, url);
    const sha256 = sha256Hex(body);
    // An ETag belongs to the encoding that it came with, and conditional requests ask for gzip.
    let served = fresh ? undefined : answer.headers.etag;
    if (this.#options.genericSimpleUrl !== undefined) {
      served ??= ownEtag(sha256);
      if (etag === served) return { kind: 'unchanged' };
    }
    const page = this.#isPlainHtml(answer)
      ? htmlPage(body, address, name)
      : parseSimplePage(textOf(body, url.href), url.href);
    if (this.#options.genericSimpleUrl === undefined) return { kind: 'page', page, etag: served, sha256, url };
    return { kind: 'page', page: withSerial(page, undefined), etag: served, sha256, url };
  }

  /**
   * Returns the page as it arrived, the address that it came from, which its links are relative to, and the memory in
   * bytes that it will need.
   */
  async #page(
    url: URL,
    name: ProjectName,
    etag: string | undefined,
    fresh: boolean,
  ): Promise<{ readonly answer: HttpResponse; readonly address: URL; readonly weight: number }> {
    const isConditional = isEtag(etag) && !isOwnEtag(etag) && !fresh;
    const headers = {
      accept: this.#types,
      // The CDN stores each encoding separately: if one copy is stale, the other may be fresh.
      'accept-encoding': fresh ? 'identity' : 'gzip',
      ...this.#freshness,
      ...(isConditional && { 'if-none-match': etag }),
    };
    const expected = [200, ...unchangedIf(isConditional), ...redirectStatuses, 404, 410];
    const asked = [url];
    const looked = fresh ? undefined : this.#looked.take(name, isConditional);
    const options = { beginning: true, about: name };
    let answer = looked ?? (await this.#askWithRetries({ url, headers, packed: true }, expected, options));
    while (redirectStatuses.includes(answer.status)) {
      const next = nextAddress(name, asked, answer, this.#simple, this.#options.genericSimpleUrl !== undefined);
      asked.push(next);
      answer = await this.#askWithRetries({ url: next, headers, packed: true }, expected, options);
    }
    const address = asked.at(-1) ?? url;
    if (answer.status !== 200) return { answer, address, weight: 0 };
    if (!this.#isPlainHtml(answer) && !isSimpleJson(answer.headers)) {
      throw new UnreachableError(
        `${url}: expected ${simpleJson}, found ${answer.headers['content-type'] ?? 'no type'}`,
      );
    }
    return { answer, address, weight: await weightOf(answer, url) };
  }

  #isPlainHtml({ status, headers }: HttpResponse): boolean {
    return this.#options.genericSimpleUrl !== undefined && status === 200 && isHtml(headers);
  }

  pageDigest(name: ProjectName, etag: string | undefined): Promise<port.PageDigest> {
    const url = new URL(`${this.#simple}/${name}/`);
    const condition = isEtag(etag) ? { 'if-none-match': etag } : {};
    const headers = { accept: this.#types, 'accept-encoding': 'gzip', ...this.#freshness, ...condition };
    return this.#looked.fetchDigest(name, { url, headers }, (request, expected) =>
      this.#askWithRetries(request, expected, { beginning: true, about: name }),
    );
  }

  async totalBytes(): Promise<number | undefined> {
    const url = new URL(`${this.#options.base}/stats/`);
    const headers = { accept: 'application/json', 'accept-encoding': 'gzip' };
    try {
      const { status, body } = await this.#ask({ url, headers }, [200, 404, 410]);
      const json: unknown = status === 200 ? JSON.parse(body.toString()) : undefined;
      return isJsonObject(json) ? serialOf(json.total_packages_size) : undefined;
    } catch (error) {
      if (error instanceof PausedError) throw error;
      return undefined;
    }
  }

  snapshot(): Promise<port.ServedSnapshot | undefined> {
    const { base, clock, signal } = this.#options;
    return fetchSnapshot(base, (request) => withRetries(clock, signal, () => this.#ask(request, [200, 404, 410])));
  }

  time(): number | undefined {
    return this.#time;
  }

  allows(url: URL): boolean {
    return url.username === '' && url.password === '' && this.#hosts.has(url.host) && this.#allowsScheme(url);
  }

  pathOf(url: URL, filename: string, sha256: string): WebPath | undefined {
    if (this.#options.genericSimpleUrl !== undefined) return pathByHash(sha256, filename);
    return blobPath(url, filename) ?? (this.#isByHand(url) ? pathByHash(sha256, filename) : undefined);
  }

  /** Returns true if upstream, itself a mirror, serves the file from a path that somebody chose by hand. */
  #isByHand(url: URL): boolean {
    // The path must not climb out of packages/, not even with encoded characters: only `+` may be encoded.
    const isBelow = url.href.startsWith(`${this.#options.base}/packages/`) && /^(?:[^%]|%2b)*$/i.test(url.pathname);
    return isBelow && blobPath(url, filenameOf(url.pathname)) === undefined;
  }

  async file(
    url: URL,
    size: number | undefined,
    from: ResumePoint | undefined,
    sink: FileSink,
    about: ProjectName,
  ): Promise<'done' | 'absent'> {
    let target = url;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.#fileFrom(target, size, isEtag(from?.etag) ? from : undefined, sink, about);
      if (answer.status === 404 || answer.status === 410) return 'absent';
      if (answer.status === 200 || answer.status === 206) return 'done';
      if (answer.status === 416) return this.file(url, size, undefined, sink, about);
      target = this.#redirected(target, answer, redirects);
    }
  }

  async sidecar(url: URL, kind: SidecarKind, about: ProjectName): Promise<Buffer | 'off' | undefined> {
    const { accept, maxBytes } = sidecars[kind];
    const headers = { accept, 'accept-encoding': 'gzip' };
    const also = kind === 'provenance' ? isSwitchedOff : undefined;
    const answer = await this.#askWithRetries({ url, headers, maxBytes }, [200, 404, 410], { also, about });
    if (answer.status !== 200) return answer.status === 403 ? 'off' : undefined;
    // The hash of a provenance object is unknown, and a firewall's page must not take its place.
    if (kind === 'provenance') expectJson(answer.body, url.href);
    return answer.body;
  }

  #fileFrom(
    url: URL,
    size: number | undefined,
    from: ResumePoint | undefined,
    sink: FileSink,
    about: ProjectName,
  ): Promise<HttpResponse> {
    const range = from && {
      range: `bytes=${from.bytes}-`,
      'if-range': from.etag,
    };
    const headers = { accept: '*/*', 'accept-encoding': 'identity', ...range };
    return this.#ask(
      { url, headers },
      [200, 206, ...redirectStatuses, 404, 410, ...(from === undefined ? [] : [416])],
      { choose: receiveFile(url, size, from, sink), about },
    );
  }

  #redirected(from: URL, answer: HttpResponse, redirects: number): URL {
    const location = answer.headers.location ?? '';
    const target = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
    if (target === undefined || redirects >= maxRedirects || !this.allows(target)) {
      throw new NonsenseError(`${from}: redirected to ${location || 'nowhere'}, which file-hosts does not allow`);
    }
    return target;
  }

  #allowsScheme(url: URL): boolean {
    return url.protocol === 'https:' || (url.protocol === 'http:' && this.#scheme === 'http:');
  }

  /**
   * Calls a method of the changelog. It has a limiter of its own: neither its rate limit nor its outage slows down the
   * answers of the CDN.
   */
  async #call<T>(method: string, params: readonly number[], parse: (text: string, source: string) => T): Promise<T> {
    const { base, clock, signal, changelogTimeoutMs: timeoutMs } = this.#options;
    const url = new URL(`${base}/pypi`);
    const headers = { 'content-type': 'text/xml', 'accept-encoding': 'gzip' };
    const body = renderXmlRpcCall(method, params);
    const request = { url, method: 'POST' as const, headers, body, timeoutMs };
    const source = `${url}: ${method}(${params.join(', ')})`;
    // A fault comes with status 200, so retries include reading the reply.
    const outcome = await withRetries(clock, signal, async () => {
      try {
        return { reply: parseReply(await this.#askChangelog(request), source, parse) };
      } catch (error) {
        if (error instanceof NonsenseError) throw new UnreadableError(error.message, { cause: error });
        if (!(error instanceof UnreachableError)) throw error;
        if (isTimeout(error)) return { tooSlow: error };
        throw error;
      }
    });
    if ('tooSlow' in outcome) throw outcome.tooSlow;
    return outcome.reply;
  }

  #askChangelog(request: HttpRequest): Promise<HttpResponse> {
    const expected = [200, ...redirectStatuses, 404, 405, 410];
    return this.#ask(request, expected, { limiter: this.#changelogLimiter });
  }

  #askWithRetries(request: HttpRequest, expected: readonly number[], options: AskOptions = {}): Promise<HttpResponse> {
    const { clock, signal } = this.#options;
    return withRetries(clock, signal, () => this.#ask(request, expected, options));
  }

  #ask(request: HttpRequest, expected: readonly number[], options: AskOptions = {}): Promise<HttpResponse> {
    const { http, clock } = this.#options;
    const { choose, beginning = false, also, about, limiter = this.#options.limiter } = options;
    const exchange = async (): Promise<HttpResponse> => {
      const answer = await http.exchange(request, choose);
      this.#time = sentAt(answer.headers) ?? this.#time;
      return also?.(answer) === true ? answer : expectStatus(answer, request.url, expected, clock.now());
    };
    return limiter.run(request.url, exchange, { beginning, about, measure: (answer) => answer.measured });
  }
}

/** Options that distinguish a request from an ordinary one. */
interface AskOptions {
  readonly choose?: ChooseReceiver;
  /** True if the request begins something: see RequestLimiter. */
  readonly beginning?: boolean;
  /** Returns true for answers that are expected whatever their status means elsewhere. */
  readonly also?: ((answer: HttpResponse) => boolean) | undefined;
  readonly limiter?: RequestLimiter;
  /** The project that the request is for. */
  readonly about?: ProjectName;
}

/**
 * Returns true if PyPI refuses provenance in JSON, as it does where provenance is switched off. A firewall's refusal is
 * not JSON.
 */
function isSwitchedOff({ status, headers, body }: HttpResponse): boolean {
  return status === 403 && /^application\/(?:\S+\+)?json\b/i.test(headers['content-type'] ?? '') && isJsonText(body);
}

/** Returns status 304 if the request is conditional: otherwise there is nothing that could be unchanged. */
function unchangedIf(isConditional: boolean): readonly number[] {
  return isConditional ? [304] : [];
}

/**
 * Returns the time when an answer was sent, in milliseconds, or earlier if it came from a cache. `Age` is not added: it
 * would count twice if the cache sends its own date.
 */
function sentAt({ date = '' }: HttpResponse['headers']): number | undefined {
  const ms = Date.parse(date);
  return ms <= lastTime ? ms : undefined;
}

function isSimpleJson(headers: HttpResponse['headers']): boolean {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  return type === simpleJson || type === 'application/json';
}

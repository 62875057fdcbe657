/**
 * Keeps pages that were fetched only for their digest. As many as fit into bounded memory need not be fetched again
 * when they are needed.
 */
import { sha256Hex } from '../../core/hash.ts';
import type { ProjectName } from '../../core/names.ts';
import type { PageDigest } from '../upstream.ts';
import type { HttpRequest, HttpResponse } from './http-client.ts';

/** Limit for all kept pages in bytes: some thousand pages. */
const maxKeptBytes = 64 << 20;

export class PrefetchedPages {
  readonly #answers = new Map<ProjectName, HttpResponse>();
  #bytes = 0;

  /**
   * Returns the digest of the page that upstream sends for `request`, and keeps the answer. `ask` sends the request and
   * accepts the expected statuses.
   */
  async fetchDigest(
    name: ProjectName,
    request: HttpRequest,
    ask: (request: HttpRequest, expected: readonly number[]) => Promise<HttpResponse>,
  ): Promise<PageDigest> {
    const answer = await ask(request, [200, 404, 410, ...('if-none-match' in (request.headers ?? {}) ? [304] : [])]);
    const { status, body } = answer;
    this.take(name, true);
    if (this.#bytes + body.length <= maxKeptBytes) {
      this.#answers.set(name, answer);
      this.#bytes += body.length;
    }
    if (status === 304) return 'unchanged';
    return status === 200 ? sha256Hex(body) : 'absent';
  }

  /** Returns the kept answer and forgets it. The answer "unchanged" is returned only for a conditional request. */
  take(name: ProjectName, isConditional: boolean): HttpResponse | undefined {
    const answer = this.#answers.get(name);
    if (answer === undefined) return undefined;
    this.#answers.delete(name);
    this.#bytes -= answer.body.length;
    return answer.status === 304 && !isConditional ? undefined : answer;
  }
}

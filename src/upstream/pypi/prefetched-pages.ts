/** Pages that were only looked at. As many as fit into a bounded memory need not be fetched again when they are wanted. */
import { sha256Hex } from '../../core/hash.ts';
import type { ProjectName } from '../../core/names.ts';
import type { PageDigest } from '../upstream.ts';
import type { HttpRequest, HttpResponse } from './http-client.ts';

/** Some thousand pages. */
const maxKeptBytes = 64 << 20;

export class PrefetchedPages {
  readonly #answers = new Map<ProjectName, HttpResponse>();
  #bytes = 0;

  /** What upstream answers to `request`, which `ask` passes on with the statuses that are expected. */
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

  /** The answer that was kept, once; that nothing has changed is one only to a condition. */
  take(name: ProjectName, isConditional: boolean): HttpResponse | undefined {
    const answer = this.#answers.get(name);
    if (answer === undefined) return undefined;
    this.#answers.delete(name);
    this.#bytes -= answer.body.length;
    return answer.status === 304 && !isConditional ? undefined : answer;
  }
}

/** The faults of the sample upstream, all off until they are added. */

import type { Fault } from './fault-behaviours.ts';
import { normalizedName } from './names.ts';
import type { FrozenPage } from './routes.ts';

/** The faults of one server. */
export class Faults {
  /** Old pages by path, as set by `freeze`. */
  readonly frozen = new Map<string, FrozenPage>();
  readonly #active: { fault: Fault; left: number }[] = [];
  #decide: (line: string) => Fault | undefined = () => undefined;
  readonly #currentPage: (path: string) => FrozenPage['page'];

  constructor(currentPage: (path: string) => FrozenPage['page']) {
    this.#currentPage = currentPage;
  }

  /**
   * Adds a fault, and returns a function that removes it. If several faults match a request, all apply, oldest first.
   */
  add(fault: Fault): () => void {
    const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
    this.#active.push(entry);
    return () => {
      entry.left = 0;
    };
  }

  /** Lets `decide` choose a further fault for each request. */
  decideBy(decide: (line: string) => Fault | undefined): void {
    this.#decide = decide;
  }

  /** Serves the present page of a project from now on, like a cache. A missing project stays a 404. */
  freeze(name: string, options: { readonly encoding?: 'gzip' } = {}): void {
    this.#freeze(`/simple/${normalizedName(name)}/`, options);
  }

  /** Does the same for the list of projects. */
  freezeList(options: { readonly encoding?: 'gzip' } = {}): void {
    this.#freeze('/simple/', options);
  }

  /** Ends `freeze` for one project, or for all and the list. */
  thaw(name?: string): void {
    if (name === undefined) this.frozen.clear();
    else this.frozen.delete(`/simple/${normalizedName(name)}/`);
  }

  /** Removes all faults and ends `freeze`. */
  clear(): void {
    this.#active.length = 0;
    this.#decide = () => undefined;
    this.thaw();
  }

  /** Returns the faults for a request, and counts one use of each. */
  take(line: string): Fault[] {
    const hits = this.#active.filter(({ fault, left }) => left > 0 && matches(fault, line));
    for (const hit of hits) hit.left -= 1;
    const decided = this.#decide(line);
    return [...hits.map(({ fault }) => fault), ...(decided === undefined ? [] : [decided])];
  }

  #freeze(path: string, options: { readonly encoding?: 'gzip' }): void {
    this.frozen.set(path, { page: this.#currentPage(path), ...options });
  }
}

const xmlRpcOnly = /^POST /;

const matches = (fault: Fault, line: string): boolean =>
  (fault.match?.test(line) ?? true) && (!fault.do.startsWith('xmlrpc') || xmlRpcOnly.test(line));

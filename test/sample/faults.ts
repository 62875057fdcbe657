/** The switches of the sample upstream's misbehaviours, all off until added. */

import type { Fault } from './fault-behaviours.ts';
import { normalizedName } from './names.ts';
import type { FrozenPage } from './routes.ts';

/** The faults of one server. */
export class Faults {
  /** Old pages by path, put there by `freeze`. */
  readonly frozen = new Map<string, FrozenPage>();
  readonly #active: { fault: Fault; left: number }[] = [];
  #decide: (line: string) => Fault | undefined = () => undefined;
  readonly #currentPage: (path: string) => FrozenPage['page'];

  constructor(currentPage: (path: string) => FrozenPage['page']) {
    this.#currentPage = currentPage;
  }

  /** Switches a fault on and returns what switches it off. Several that match one request all apply, oldest first. */
  add(fault: Fault): () => void {
    const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
    this.#active.push(entry);
    return () => {
      entry.left = 0;
    };
  }

  /** From now on `decide` says, too, what spoils a request. */
  decideBy(decide: (line: string) => Fault | undefined): void {
    this.#decide = decide;
  }

  /** From now on a cache serves the page as it is at this moment; a missing project is kept as a 404. */
  freeze(name: string, options: { readonly encoding?: 'gzip' } = {}): void {
    this.#freeze(`/simple/${normalizedName(name)}/`, options);
  }

  /** The same for the list of projects. */
  freezeList(options: { readonly encoding?: 'gzip' } = {}): void {
    this.#freeze('/simple/', options);
  }

  /** Ends `freeze` for one project, or all of them and `freezeList`. */
  thaw(name?: string): void {
    if (name === undefined) this.frozen.clear();
    else this.frozen.delete(`/simple/${normalizedName(name)}/`);
  }

  /** Good behaviour again, thawed as well. */
  clear(): void {
    this.#active.length = 0;
    this.#decide = () => undefined;
    this.thaw();
  }

  /** The faults that spoil this request; each of them is thereby used once. */
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

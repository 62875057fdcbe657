/**
 * Renews the pages for people while a run is at work and at its end. A run without changes leaves them alone, except
 * for once an hour, so that they never look as if no run had been there.
 */
import { asError } from '../../core/caught-error.ts';
import { hourMs, minuteMs } from '../../core/durations.ts';
import type { WebPath } from '../../core/paths.ts';
import type { Policy } from '../../policy/policy.ts';
import { adoptionState, isInitialized, type PublishedPages, siteState } from '../../state/mirror-state.ts';
import type { RunRecord } from '../../state/run-history.ts';
import type { Mirror } from '../../sync/mirror.ts';
import { loadPart } from '../program/load-part.ts';

/** Milliseconds between two looks whether pages are due during a run. */
const lookEveryMs = 10_000;
/** Age in milliseconds from which on pages are renewed during a run, and by a run that has changed nothing. */
const duringRunMs = 5 * minuteMs;
const maxAgeMs = hourMs;

/** The pages of a run. */
export class SitePages {
  readonly #mirror: Mirror;
  readonly #policy: Policy | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  readonly #told = new Set<WebPath>();
  #isAtWork = false;
  #failure: Error | undefined;

  /** Renews the pages from now on. A dry run has none. */
  constructor(mirror: Mirror, policy: Policy | undefined) {
    this.#mirror = mirror;
    this.#policy = policy;
    if (!mirror.settings.dryRun) this.#timer = setInterval(() => this.#look(), lookEveryMs).unref();
  }

  /** Renews the pages at once: they are to show what happened to the last run, even if this one ends as soon. */
  async begin(): Promise<void> {
    await this.#guarded(async () => {
      if (this.#isOurs()) await this.#publish(true);
    });
  }

  /** Stops renewing them, and waits for what is at work. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#work;
  }

  /**
   * Renews the pages if they are due after the run `ended`, which is not recorded yet; undefined if it was paused.
   * Returns what kept pages from being published in this run, or undefined.
   */
  async end(ended: RunRecord | undefined, hasChanged: boolean): Promise<Error | undefined> {
    await this.stop();
    const { clock, settings } = this.#mirror;
    if (settings.dryRun) return undefined;
    await this.#guarded(async () => {
      if (!this.#isOurs()) return;
      const pages = this.#published();
      const age = clock.now() - (pages?.at ?? 0);
      const isDue = hasChanged || age < 0 || age >= maxAgeMs || pages?.exitCode !== ended?.exitCode;
      if (isDue) await this.#publish(false, ended);
    });
    return this.#failure;
  }

  #look(): void {
    if (this.#isAtWork || this.#failure !== undefined) return;
    this.#isAtWork = true;
    this.#work = this.#guarded(async () => {
      const { state, clock } = this.#mirror;
      const now = clock.now();
      const age = now - (this.#published()?.at ?? 0);
      if (!this.#isOurs() || (age >= 0 && age < duringRunMs)) return;
      state.history.recordDay(now);
      await this.#publish(true);
    }).finally(() => {
      this.#isAtWork = false;
    });
  }

  #published(): PublishedPages | undefined {
    return this.#mirror.state.get(siteState).pages;
  }

  /** Until it is clear that the tree is a mirror of ours, nothing of ours is put into it. */
  #isOurs(): boolean {
    const { state } = this.#mirror;
    return isInitialized(state) && state.get(adoptionState).adopting === undefined;
  }

  async #publish(isRunning: boolean, ended?: RunRecord): Promise<void> {
    const { state, files, settings, clock } = this.#mirror;
    const { publishMirrorPages } = await loadPart('site.js', () => import('../../site/mirror-pages.ts'));
    const source = { state, files, settings, policy: this.#policy, now: clock.now(), isRunning, ended };
    for (const path of await publishMirrorPages(source)) this.#tell(path);
  }

  /** Reports once in a run what lies in the way of a page. */
  #tell(path: WebPath): void {
    if (this.#told.has(path)) return;
    this.#told.add(path);
    const message = `web/${path}: lies in the way of a page for people, and is left alone; move it away`;
    this.#mirror.report({ type: 'warning', message });
  }

  /** Without pages the mirror is as good as with them: what is wrong with them costs the run nothing else. */
  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failure = asError(error);
    }
  }
}

/**
 * Ensures that what is fetched fits into the budget and onto the disk with a reserve. A project that does not fit stays
 * queued, so that a disk is never filled up by half of a project.
 */
import { DoesNotFitError } from '../../core/errors.ts';
import type { ProjectName } from '../../core/names.ts';
import { packagesRoot } from '../../core/paths.ts';
import type { Report } from '../../core/report.ts';
import { showBytes } from '../../core/show-bytes.ts';
import type { FileStore } from '../../files/file-store.ts';
import type { Budget } from '../../policy/policy.ts';

/** Bytes that stay free on the disk unless the policy says otherwise: this, or a hundredth of a small disk. */
const defaultReserveBytes = 1 << 30;
const defaultReserveShare = 0.01;
const maxReported = 10;

interface Refused {
  readonly name: ProjectName;
  readonly bytes: number;
  readonly rule: string | undefined;
}

export class StorageBudget {
  readonly #files: FileStore;
  readonly #budget: Budget | undefined;
  /** Bytes that are held, or promised to downloads in progress. */
  #used: number;
  #promised = 0;
  readonly #refused = new Map<ProjectName, Refused>();
  #limit = '';

  /** `held` is the number of bytes that the mirror holds. */
  constructor(files: FileStore, budget: Budget | undefined, held: number) {
    this.#files = files;
    this.#budget = budget;
    this.#used = held;
  }

  /** Runs `fetch`, which needs `bytes` for the project. Throws DoesNotFitError before anything is fetched. */
  async withSpace<T>(name: ProjectName, bytes: number, rule: string | undefined, fetch: () => Promise<T>): Promise<T> {
    const why = bytes === 0 ? undefined : await this.#refusal(bytes);
    if (why !== undefined) {
      this.#refused.set(name, { name, bytes, rule });
      this.#limit = why;
      throw new DoesNotFitError(`needs ${showBytes(bytes)} more: ${why}`);
    }
    this.#refused.delete(name);
    this.#used += bytes;
    this.#promised += bytes;
    try {
      return await fetch();
    } catch (error) {
      this.#used -= bytes;
      throw error;
    } finally {
      this.#promised -= bytes;
    }
  }

  /** Subtracts bytes that are no longer held. */
  release(bytes: number): void {
    this.#used -= bytes;
  }

  /** Reports what did not fit, if anything. */
  report(report: Report): void {
    const refused = [...this.#refused.values()];
    if (refused.length === 0) return;
    const byRule = new Map<string, number>();
    for (const { rule, bytes } of refused) if (rule !== undefined) byRule.set(rule, (byRule.get(rule) ?? 0) + bytes);
    const rules = [...byRule].map(([what, bytes]) => ({ what, bytes }));
    const projects = refused.map(({ name, bytes }) => ({ what: name, bytes }));
    const most = [...largest(rules), ...largest(projects)];
    const missing = refused.reduce((sum, { bytes }) => sum + bytes, 0);
    report({ type: 'does-not-fit', limit: this.#limit, missing, projects: refused.length, most });
  }

  async #refusal(bytes: number): Promise<string | undefined> {
    const { size: budget, reserve } = this.#budget ?? {};
    if (budget !== undefined && this.#used + bytes > budget.value) {
      return `${budget.because.where} (${budget.because.text}) leaves ${showBytes(Math.max(0, budget.value - this.#used))}`;
    }
    if (this.#files.isRemote(packagesRoot)) return undefined;
    const { size, free } = await this.#files.room();
    const least = reserve?.value ?? Math.min(defaultReserveBytes, size * defaultReserveShare);
    const left = Math.floor(free - this.#promised - least);
    if (bytes <= left) return undefined;
    return `the disk has ${showBytes(Math.max(0, left))} free beyond the reserve of ${showBytes(least)}`;
  }
}

function largest<T extends { readonly bytes: number }>(rows: readonly T[]): T[] {
  return [...rows].sort((a, b) => b.bytes - a.bytes).slice(0, maxReported);
}

/** Checks a mirror after a fault, and after an undisturbed run. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bzip2 } from '../../src/cli/logs/bzip2.ts';
import { readable } from '../adopt/readable-tree.ts';
import { damage } from '../e2e/damage.ts';
import { type Ended, run } from '../e2e/program.ts';
import { publishedTree, stateOf, treeOf } from '../e2e/tree.ts';
import type { SampleServer } from '../sample/sample-server.ts';

/** The result of a program that has nothing to report. */
export const silent: Ended = { code: 0, stdout: '', stderr: '' };

/** Returns what would harm a reader of the mirror `target` of `server`, one line each. */
export async function faultsIn(target: string, { index }: SampleServer): Promise<string[]> {
  const tree = damage(join(target, 'web'), index).filter((problem) => !problem.startsWith('local-stats/'));
  return [...tree, ...(await statsFaults(target))];
}

/**
 * Matches the paths of today's layout. In the layout of 2011 upstream does not know a file by its path, although the
 * links of pages lead there.
 */
const todaysPath = /^packages\/[0-9a-f]{2}\/[0-9a-f]{2}\//;

/**
 * Returns what would harm a reader of a mirror that may still contain pages of another program. Only the links of the
 * pages are checked, and the files in today's layout.
 */
export async function faultsInOldTree(target: string, { index }: SampleServer): Promise<string[]> {
  const tree = damage(join(target, 'web'), index).filter((problem) => todaysPath.test(problem));
  // Between its folder and its page, a new project has no page.
  return [...tree, ...readable(target).filter((problem) => !problem.endsWith('has no page'))];
}

async function statsFaults(target: string): Promise<string[]> {
  const folder = join(target, 'web/local-stats');
  const problems: string[] = [];
  for (const path of Object.keys(treeOf(folder))) {
    const file = join(folder, path);
    try {
      if (path.endsWith('.bz2')) await bzip2.decompress(readFileSync(file));
      if (path.endsWith('.json')) JSON.parse(readFileSync(file, 'utf8'));
    } catch (error) {
      problems.push(`local-stats/${path}: ${String(error)}`);
    }
  }
  return problems;
}

/** Returns the download counts that a mirror publishes. */
export function statsOf(target: string): Record<string, string> {
  return treeOf(join(target, 'web/local-stats'));
}

/**
 * Returns everything that a mirror holds and remembers, except download counts. Folders are left out: a run that is
 * killed while it removes a file may leave an empty folder, which does no harm.
 */
export function contentOf(target: string): {
  readonly web: Record<string, string>;
  readonly state: ReturnType<typeof stateOf>;
  readonly staging: readonly string[];
} {
  const published = Object.entries(publishedTree(target));
  const web = published.filter(([path, content]) => content !== 'folder' && !path.startsWith('local-stats/'));
  const staging = existsSync(join(target, 'staging')) ? readdirSync(join(target, 'staging')) : [];
  return { web: Object.fromEntries(web), state: stateOf(target), staging };
}

/** Returns the content of a mirror of `server` that is made in the folder `work` without being disturbed. */
export async function freshContent(program: string, server: SampleServer, work: string): Promise<object> {
  const target = join(work, 'fresh');
  const ended = await run(program, ['-q', '--upstream', server.url, target]);
  if (ended.code !== 0) throw new Error(`a new mirror: exit code ${ended.code}: ${ended.stderr}`);
  const content = contentOf(target);
  rmSync(target, { recursive: true });
  return content;
}

/**
 * A target that another program has left, as recorded, beside an upstream that has just what is in it. It is taken over
 * with a real SQLite and the file system, as pep381run does it.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { adoptTarget, discardOldStateIfComplete } from '../../src/cli/target/adopt-target.ts';
import { openOldTarget } from '../../src/cli/target/open-old-target.ts';
import { openTarget, type Target } from '../../src/cli/target/target.ts';
import type { FileStore } from '../../src/files/file-store.ts';
import type { StateStore } from '../../src/state/state-store.ts';
import { sync } from '../../src/sync/sync.ts';
import type { WorkResult } from '../../src/sync/work.ts';
import { publishedTree, stateOf } from '../e2e/tree.ts';
import { openMirrorAt, type RunOptions, TestMirror } from '../fixtures/test-mirror.ts';
import { indexOfTree } from '../fixtures/tree-upstream.ts';
import { openSampleServer, type SampleServer } from '../sample/sample-server.ts';

const archives = new URL('../../../shared/fixtures/targets/', import.meta.url);

/** The recorded targets. */
export type Archive =
  | 'target-1.5-complete'
  | 'target-1.5-interrupted'
  | 'target-bandersnatch-8'
  | 'target-shadowmire-2';

/** The large ones with a few of their projects: 27 of 94 files, for tests to which the number does not matter. */
export type Few = 'few-bandersnatch-8' | 'few-shadowmire-2';

/** One with many files and wheels, one with other files than wheels, and so on: what tests name, and little more. */
const few = ['adv-rag-eval', 'chipgr8', 'mcunix', 'pmls', 'pythonalloyclient', 'ssm-neo4j'];

/** What is said when one of {@link Few} is taken over. */
export const tookFew = 'Took over 6 projects with 27 files (73 KiB)';

/** The folder that has `simple/` and `packages/` in a recorded target. */
function webOf(archive: Archive | Few, target: string): string {
  return archive.endsWith('shadowmire-2') ? target : join(target, 'web');
}

/** Unpacks a recorded target into the folder `target`. */
export function unpack(archive: Archive | Few, target: string): void {
  if (archive === 'few-bandersnatch-8' || archive === 'few-shadowmire-2') {
    execFileSync('cp', ['-a', '-T', folderOfFew(archive), target]);
    return;
  }
  mkdirSync(target, { recursive: true });
  // The program takes a tenth of the time of a library.
  const options = ['-xzf', fileURLToPath(new URL(`${archive}.tar.gz`, archives)), '-C', target, '--strip-components=1'];
  execFileSync('tar', [...options, '--no-same-owner']);
}

/** Where they lie in this process, which makes each once. */
const foldersOfFew = new Map<Few, string>();

function folderOfFew(archive: Few): string {
  const found = foldersOfFew.get(archive);
  if (found !== undefined) return found;
  const folder = mkdtempSync(join(tmpdir(), 'few-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  unpack(archive === 'few-bandersnatch-8' ? 'target-bandersnatch-8' : 'target-shadowmire-2', folder);
  keepFew(webOf(archive, folder));
  foldersOfFew.set(archive, folder);
  return folder;
}

/** Removes the other projects, except from the list of all, which nobody reads. */
function keepFew(web: string): void {
  const projects = readdirSync(join(web, 'simple'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of projects.filter(({ name }) => !few.includes(name))) {
    const links = readFileSync(join(web, 'simple', name, 'index.html'), 'utf8').matchAll(
      /"\.\.\/\.\.\/(packages[^"#]*)#/g,
    );
    for (const [, path = ''] of links) rmSync(dirname(join(web, path)), { recursive: true });
    for (const folder of ['simple', 'json', 'pypi']) rmSync(join(web, folder, name), { recursive: true, force: true });
  }
  execFileSync('find', [join(web, 'packages'), '-type', 'd', '-empty', '-delete']);
}

/** Serves what a recorded target has, until `t` ends. */
export async function openUpstream(t: Pick<Test, 'teardown'>, archive: Archive | Few): Promise<SampleServer> {
  const folder = mkdtempSync(join(tmpdir(), 'old-mirror-'));
  unpack(archive, folder);
  const index = indexOfTree(webOf(archive, folder));
  rmSync(folder, { recursive: true });
  const server = await openSampleServer({ index });
  t.teardown(() => server.close());
  return server;
}

/** Unpacks a recorded target, with an upstream of its own unless one is given that nobody changes. */
export async function openOldMirror(t: Test, archive: Archive | Few, upstream?: SampleServer): Promise<OldMirror> {
  const server = upstream ?? (await openUpstream(t, archive));
  const target = join(t.testdir(), 'target');
  unpack(archive, target);
  return new OldMirror(target, server);
}

/** What a new mirror publishes, and what it knows. */
interface Fresh {
  readonly tree: Record<string, string>;
  readonly state: ReturnType<typeof stateOf>;
}

/** By the upstream and its serial: making one takes longer than taking over. */
const freshMirrors = new Map<string, Promise<Fresh>>();

async function makeFresh(server: SampleServer): Promise<Fresh> {
  const target = mkdtempSync(join(tmpdir(), 'new-mirror-'));
  try {
    await new TestMirror(target, server).run();
    return { tree: publishedTree(target), state: stateOf(target) };
  } finally {
    rmSync(target, { recursive: true });
  }
}

/** What a step of taking over works with may be watched, or made to fail. */
export interface Wrapped {
  readonly state?: (state: StateStore) => StateStore;
  readonly files?: (files: FileStore) => FileStore;
}

export class OldMirror extends TestMirror {
  /** A run as pep381run makes one: what is there is taken over first. */
  override async run(options: RunOptions = {}): Promise<WorkResult> {
    return this.#open(options, {}, async (target, mirror) => {
      await adoptTarget(target, mirror);
      const result = await sync(mirror);
      discardOldStateIfComplete(target, mirror);
      return result;
    });
  }

  /** What a run does before it asks upstream for anything. */
  async takeOver(wrapped: Wrapped = {}, options: RunOptions = {}): Promise<void> {
    await this.#open(options, wrapped, adoptTarget);
  }

  async #open<T>(
    options: RunOptions,
    { state = (it) => it, files = (it) => it }: Wrapped,
    work: (target: Target, mirror: ReturnType<typeof openMirrorAt>['mirror']) => Promise<T>,
  ): Promise<T> {
    this.server.requests.length = 0;
    this.events = [];
    const report: RunOptions['report'] = (event) => {
      this.events.push(event);
      options.report?.(event);
    };
    const target = openTarget(this.target, () => openOldTarget(this.target) !== undefined);
    const { mirror, close } = openMirrorAt(this.target, this.server.url, this.clock, { ...options, report });
    try {
      return await work(target, { ...mirror, state: state(mirror.state), files: files(mirror.files) });
    } finally {
      await close();
    }
  }

  /** The files of distributions that the latest run has asked for. */
  downloads(): string[] {
    return this.requested().filter((path) => /^\/packages\/(?!.*\.(?:metadata|provenance)$)/.test(path));
  }

  /** Who was taken over in the latest run, and what is said of it. */
  adoptions(): string[] {
    return [
      ...this.eventsOf('adopting').map(({ from }) => from),
      ...this.eventsOf('adopted').map(({ summary }) => summary),
    ];
  }

  /** What a new mirror of the same upstream publishes. */
  async freshTree(): Promise<Fresh['tree']> {
    return (await this.#fresh()).tree;
  }

  /** What the state of such a mirror has. */
  async freshState(): Promise<Fresh['state']> {
    return (await this.#fresh()).state;
  }

  #fresh(): Promise<Fresh> {
    const what = `${this.server.url} ${this.index.serial}`;
    const fresh = freshMirrors.get(what) ?? makeFresh(this.server);
    freshMirrors.set(what, fresh);
    return fresh;
  }

  /** A mirror of the same upstream in a copy of the target as it is now. */
  copy(name: string): OldMirror {
    const target = join(this.target, '..', name);
    cpSync(this.target, target, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    return new OldMirror(target, this.server);
  }

  published(): Record<string, string> {
    return publishedTree(this.target);
  }
}

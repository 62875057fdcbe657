/**
 * kill -9 at random instants of all programs, one after the other on the same targets, while upstream changes: after
 * each a reader finds every link and every file right, and what a run leaves that is not disturbed is what a new mirror
 * is. Statistics are held against a target whose processlogs nobody disturbs.
 */
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openUpstream, unpack } from '../adopt/old-mirror.ts';
import { openBundle } from '../e2e/bundle.ts';
import { type Ended, run, withoutDeath } from '../e2e/program.ts';
import { treeOf } from '../e2e/tree.ts';
import { recordingsMissing } from '../fixtures/shared-fixtures.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { openSampleServer, type SampleServer } from '../sample/sample-server.ts';
import { logLine } from '../stats/log-text.ts';
import { ChangingUpstream, oneOf } from './changing-upstream.ts';
import { Killer } from './kill-sometime.ts';
import { contentOf, faultsIn, faultsInOldTree, freshContent, silent, statsOf } from './mirror-check.ts';
import { rounds, seededRandom } from './options.ts';

const programs = await openBundle();
const pep381run = join(programs, 'pep381run');
const pep381checkfiles = join(programs, 'pep381checkfiles');
const processlogs = join(programs, 'processlogs');
/** So often a mirror is left alone for one run, and compared. */
const comparedEach = 20;
const work = mkdtempSync(join(tmpdir(), 'faults-'));
t.teardown(() => rmSync(work, { recursive: true, force: true }));
t.jobs = 4;

/** Access logs that grow, are rotated, and are counted by a second target that nobody disturbs. */
class GrowingLogs {
  readonly undisturbed: string;
  readonly #folder: string;
  readonly #random: () => number;
  #hours = 0;

  constructor(folder: string, random: () => number) {
    this.#folder = folder;
    this.#random = random;
    this.undisturbed = join(folder, 'undisturbed');
    mkdirSync(join(this.undisturbed, 'web'), { recursive: true });
    writeFileSync(join(this.undisturbed, 'mirror.toml'), '');
    writeFileSync(this.#log(''), '');
  }

  args(target: string): string[] {
    return ['-q', target, ...['.2', '.1', ''].map((suffix) => this.#log(suffix)).filter((path) => existsSync(path))];
  }

  async grow(): Promise<void> {
    const lines = Array.from({ length: 1 + Math.floor(this.#random() * 200) }, () => this.#line());
    appendFileSync(this.#log(''), lines.join(''));
    t.same(await run(processlogs, this.args(this.undisturbed)), silent);
  }

  /** Only what was counted may go. */
  rotate(): void {
    if (existsSync(this.#log('.1'))) renameSync(this.#log('.1'), this.#log('.2'));
    renameSync(this.#log(''), this.#log('.1'));
    writeFileSync(this.#log(''), '');
  }

  #log(suffix: string): string {
    return join(this.#folder, `pypi.log${suffix}`);
  }

  #line(): string {
    this.#hours += this.#random() * 0.3;
    const at = new Date(Date.UTC(2026, 0, 5) + this.#hours * 3_600_000).toISOString().slice(0, 19);
    const client = `192.0.2.${Math.floor(this.#random() * 9)}`;
    const file = `counted-1.${Math.floor(this.#random() * 4)}.tar.gz`;
    return logLine({ at, client, file, status: this.#random() < 0.3 ? 206 : 200 });
  }
}

/** One mirror over which all programs run and are killed. */
class KilledMirror {
  readonly #t: Test;
  readonly #server: SampleServer;
  readonly #upstream: ChangingUpstream;
  readonly #random: () => number;
  readonly #killer: Killer;
  readonly #folder: string;
  readonly #target: string;
  readonly #logs: GrowingLogs;
  /** What was damaged on purpose and may not be right again. */
  readonly #damaged = new Set<string>();

  constructor(t: Test, server: SampleServer, label: string) {
    this.#t = t;
    this.#server = server;
    this.#random = seededRandom(label);
    this.#killer = new Killer(seededRandom(`${label} kills`));
    this.#upstream = new ChangingUpstream(server.index, this.#random);
    this.#folder = mkdtempSync(join(work, 'mirror-'));
    this.#target = join(this.#folder, 'target');
    this.#logs = new GrowingLogs(this.#folder, this.#random);
  }

  async suffer(times: number): Promise<void> {
    this.#upstream.begin();
    for (let round = 1; round <= times; round += 1) {
      await this.#round(round);
      if (round % comparedEach === 0) await this.#compare(round);
    }
    await this.#compare(times);
    const { killed, started } = this.#killer;
    this.#t.comment(`${killed} of ${started} programs were killed`);
    this.#t.ok(killed > 0.4 * started || times < 20, 'most programs do not live to their end');
  }

  async #round(round: number): Promise<void> {
    for (let changes = Math.floor(this.#random() * 4); changes > 0; changes -= 1) this.#upstream.change();
    const [name, ended] = await this.#killed();
    const found = await faultsIn(this.#target, this.#server);
    const problems = found.filter((problem) => ![...this.#damaged].some((path) => problem.includes(path)));
    const what = `round ${round}: ${name} ended with ${ended.code}`;
    if (problems.length > 0) this.#t.same(problems, [], what);
    const isRight = ended.code === 'SIGKILL' || ended.code === 0 || (ended.code === 1 && name === 'pep381checkfiles');
    if (!isRight || withoutDeath(ended).stderr !== '') this.#t.fail(what, ended);
  }

  async #killed(): Promise<[string, Ended]> {
    const grow = (): void => this.#upstream.grow();
    const choice = this.#random();
    if (choice < 0.6 || !existsSync(join(this.#target, 'state.db'))) {
      return ['pep381run', await this.#killer.run(pep381run, this.#mirrorArgs(), grow)];
    }
    if (choice < 0.8) {
      await this.#logs.grow();
      return ['processlogs', await this.#killer.run(processlogs, this.#logs.args(this.#target), grow)];
    }
    this.#damageSomething();
    return ['pep381checkfiles', await this.#killer.run(pep381checkfiles, ['-q', '--repair', this.#target], grow)];
  }

  /** In all rounds together more is removed than a day may take. */
  #mirrorArgs(): string[] {
    return ['-q', '--allow-deletions', '1000000', '--upstream', this.#server.url, this.#target];
  }

  #damageSomething(): void {
    const web = join(this.#target, 'web');
    const files = Object.entries(treeOf(web)).filter(([, content]) => content !== 'folder');
    const paths = files.map(([path]) => path).filter((path) => /^(?:simple|packages)\//.test(path));
    if (paths.length === 0) return;
    const path = oneOf(paths, this.#random);
    this.#damaged.add(path);
    if (this.#random() < 0.5) rmSync(join(web, path));
    else truncateSync(join(web, path), statSync(join(web, path)).size >> 1);
  }

  /** Runs that nobody disturbs, and what they must have led to. */
  async #compare(round: number): Promise<void> {
    if (this.#damaged.size > 0) {
      // The first one may go on behind the damage.
      for (const _ of ['the rest', 'all']) await run(pep381checkfiles, ['-q', '--repair', this.#target]);
      this.#damaged.clear();
    }
    this.#upstream.settle();
    this.#t.same(withoutDeath(await run(pep381run, this.#mirrorArgs())), silent, `round ${round}: a run`);
    this.#t.same(await faultsIn(this.#target, this.#server), []);
    const fresh = await freshContent(pep381run, this.#server, this.#folder);
    this.#t.same(contentOf(this.#target), fresh, `round ${round}: as a new mirror is`);
    await this.#logs.grow();
    this.#t.same(await run(processlogs, this.#logs.args(this.#target)), silent);
    this.#t.same(statsOf(this.#target), statsOf(this.#logs.undisturbed), `round ${round}: downloads of days`);
    this.#logs.rotate();
  }
}

for (const label of ['one mirror', 'another mirror']) {
  t.test(`${label}, killed again and again by chance`, async (t) => {
    const server = await openSampleServer({ index: new SampleIndex() });
    t.teardown(() => server.close());
    await new KilledMirror(t, server, label).suffer(rounds(0.4));
  });
}

interface OldTree {
  readonly server: SampleServer;
  /** Makes it in the folder `target`. */
  make(target: string): void;
}

/** What bandersnatch leaves, as far as anybody reads it. */
async function openLikeBandersnatch(t: Test): Promise<OldTree> {
  const server = await openSampleServer({ index: new SampleIndex() });
  t.teardown(() => server.close());
  new ChangingUpstream(server.index, seededRandom('the tree of bandersnatch')).begin();
  const old = mkdtempSync(join(work, 'bandersnatch-'));
  t.same(await run(pep381run, ['-q', '--upstream', server.url, old]), silent);
  for (const path of ['state.db', 'run', 'staging', 'trash', 'web/mirror-status.json']) {
    rmSync(join(old, path), { recursive: true });
  }
  writeFileSync(join(old, 'status'), `${server.index.serial}`);
  return { server, make: (target) => cpSync(old, target, { recursive: true, preserveTimestamps: true }) };
}

async function openOf15(t: Test): Promise<OldTree> {
  const archive = 'target-1.5-complete';
  return { server: await openUpstream(t, archive), make: (target) => unpack(archive, target) };
}

/** Takes a tree over, killed up to so many times on the way; returns how many rounds that were. */
async function killWhileTakenOver(t: Test, { server, make }: OldTree, label: string, times: number): Promise<void> {
  const random = seededRandom(label);
  const killer = new Killer(seededRandom(`${label} kills`));
  const upstream = new ChangingUpstream(server.index, random);
  const folder = mkdtempSync(join(work, 'old-'));
  while (killer.started < times) {
    const target = join(folder, `${killer.started}`);
    make(target);
    // By chance more may be removed than a small mirror loses in a day.
    const args = ['-q', '--allow-deletions', '1000000', '--upstream', server.url, target];
    for (let kills = 1 + Math.floor(random() * 4); kills > 0; kills -= 1) {
      if (random() < 0.5) upstream.change();
      const { code, stderr } = withoutDeath(await killer.run(pep381run, args, () => upstream.grow()));
      const found = { faults: await faultsInOldTree(target, server), stderr };
      const isRight = code === 'SIGKILL' || code === 0;
      if (!isRight || found.faults.length > 0) t.same(found, { faults: [], stderr: '' }, `${killer.started}: ${code}`);
    }
    const name = `after ${killer.started} rounds`;
    upstream.settle();
    t.same(withoutDeath(await run(pep381run, args)), silent, name);
    t.same(await faultsIn(target, server), [], name);
    t.same(contentOf(target), await freshContent(pep381run, server, folder), `${name}: as a new mirror is`);
    rmSync(target, { recursive: true });
  }
  t.comment(`${killer.killed} of ${killer.started} programs were killed`);
}

t.test('a tree like that of bandersnatch, killed while it is taken over', async (t) => {
  await killWhileTakenOver(t, await openLikeBandersnatch(t), 'bandersnatch', rounds(0.1));
});

t.test('the tree of 1.5, killed while it is taken over', { skip: recordingsMissing }, async (t) => {
  await killWhileTakenOver(t, await openOf15(t), '1.5', rounds(0.1));
});

/**
 * An upstream that does everything wrong: every fault alone with every kind of request, and all of them at random rates
 * together, while the clock jumps. Whatever comes, pip can use the mirror, the exit code tells the truth, and once
 * upstream behaves a plain run makes of the mirror what a fresh one is.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { exitCodeOf } from '../../src/cli/program/exit-codes.ts';
import { RunTotals } from '../../src/cli/run/run-totals.ts';
import { MirrorError } from '../../src/core/errors.ts';
import { damage } from '../e2e/damage.ts';
import { type RunOptions, TestMirror } from '../fixtures/test-mirror.ts';
import { openSampleServer, type SampleServer } from '../sample/sample-server.ts';
import { differences, filesIn } from './differences.ts';
import { changeFaultIndex, faultIndex } from './fault-index.ts';
import { rounds, seededRandom } from './options.ts';
import { type Asked, askedBy, type Misbehaviour, misbehavioursOf } from './upstream-misbehaviour.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const work = mkdtempSync(join(tmpdir(), 'upstream-faults-'));
t.teardown(() => rmSync(work, { recursive: true, force: true }));

const server = await openSampleServer({ index: faultIndex() });
const changed = await openSampleServer({ index: faultIndex() });
t.teardown(() => Promise.all([server.close(), changed.close()]));
const fresh = await make(server, 'fresh');
const old = await make(changed, 'old');
changeFaultIndex(changed.index);
const updated = await make(changed, 'updated');

/** What a mirror begins with, and what it should come to. */
interface Scenario {
  readonly label: string;
  readonly server: SampleServer;
  readonly before: string | undefined;
  readonly goal: Record<string, string>;
  /** The mirror that has come to it. */
  readonly whole: TestMirror;
}

const scenarios: readonly Scenario[] = [
  { label: 'first run', server, before: undefined, goal: filesIn(fresh.target), whole: fresh },
  { label: 'update', server: changed, before: old.target, goal: filesIn(updated.target), whole: updated },
];

async function make(from: SampleServer, name: string): Promise<TestMirror> {
  const target = join(work, name);
  mkdirSync(target);
  const mirror = new TestMirror(target, from);
  await mirror.run();
  return mirror;
}

/** How a run ended, as pep381run tells it. */
interface Ended {
  readonly code: number | undefined;
  readonly error: unknown;
}

async function runOnce(mirror: TestMirror, options: RunOptions = {}): Promise<Ended> {
  const tally = new RunTotals();
  const report: RunOptions['report'] = (event) => {
    tally.count(event);
    options.report?.(event);
  };
  try {
    await mirror.run({ ...options, report });
    // What earlier runs could not finish counts, too.
    const waiting = mirror.remembered((state) => state.totals().parked);
    return { code: waiting + tally.parked.size + tally.alarms.length > 0 ? 1 : 0, error: undefined };
  } catch (error) {
    return { code: exitCodeOf(error, tally.hasChanged), error };
  }
}

const rootIndexes = ['simple/index.v1_json', 'simple/index.v1_json.gz'];

/** Returns true if the root indexes of both mirrors differ in nothing but the serial of the mirror. */
function hasSameProjects(one: TestMirror, other: TestMirror): boolean {
  const [left, right] = [one, other].map((mirror) => {
    const { meta, ...rest } = JSON.parse(mirror.text('simple/index.v1_json')) as { meta: Record<string, unknown> };
    return JSON.stringify({ ...rest, meta: { ...meta, '_last-serial': 0 } });
  });
  return left === right;
}

/** Runs of a mirror while `misbehave` chooses what upstream does wrong, and what is wrong afterwards. */
async function problemsAfter(
  { server, before, goal, whole }: Scenario,
  runs: number,
  misbehave: (line: string, now: number) => Misbehaviour | undefined,
  jumpMs: () => number = () => 0,
): Promise<string[]> {
  const target = mkdtempSync(join(work, 'target-'));
  if (before !== undefined) cpSync(before, target, { recursive: true, preserveTimestamps: true });
  const mirror = new TestMirror(target, server);
  const problems: string[] = [];
  const hidden = new Set<string>();
  let told: string[] = [];
  server.faults.decideBy((line) => {
    const chosen = misbehave(line, mirror.clock.now());
    if (chosen?.hidden) hidden.add(chosen.hidden);
    if (chosen !== undefined) told.push(`${line}: ${chosen.name}`);
    return chosen?.fault;
  });
  let awayMs = 0;
  for (let at = 0; at < runs; at += 1) {
    const earlier = filesIn(target);
    told = [];
    const report = (): void => {
      const ms = jumpMs();
      awayMs += ms;
      mirror.clock.advance(ms);
    };
    const ended = await runOnce(mirror, { timeoutMs: 150, report });
    const now = filesIn(target);
    const wrong = [...wrongEnd(ended), ...damage(mirror.web, server.index)];
    // A file that is known and told to be left out is tried again later.
    const isWhole = hidden.size === 0 && mirror.remembered((state) => state.rejectedFiles.count()) === 0;
    if (ended.code === 0 && isWhole) {
      // Where the changelog is refused, the list says what to do, and the mirror's serial waits for the changelog.
      const isRefused = told.some((line) => askedBy(line) === 'changelog') && hasSameProjects(mirror, whole);
      const ofSerial = isRefused ? Object.fromEntries(rootIndexes.map((path) => [path, goal[path]])) : {};
      wrong.push(...differences('claims to have done all', { ...now, ...ofSerial }, goal));
    }
    if (ended.code === 3) wrong.push(...differences('says that nothing was changed', now, earlier));
    if (wrong.length > 0) problems.push(`exit code ${ended.code}: ${ended.error}, after ${told.join('; ')}`, ...wrong);
    mirror.clock.advance(20 * minuteMs);
  }
  server.faults.clear();
  // The clock is put right, and everything that waits has its time.
  mirror.clock.advance(dayMs + 60 * minuteMs - awayMs);
  const last = await runOnce(mirror);
  if (last.code !== 0) problems.push(`a plain run does not heal: ${last.code} ${last.error} ${mirror.parkings()}`);
  if (!hidden.has('until it changes')) problems.push(...differences('in the end', filesIn(target), goal));
  problems.push(...mirror.problems());
  rmSync(target, { recursive: true });
  return problems;
}

/** An error of ours, in one line; not one that blames the disk or the user. */
function wrongEnd({ code, error }: Ended): string[] {
  if (error === undefined) return [];
  if (!(error instanceof MirrorError)) return [`not one of ours: ${error instanceof Error ? error.stack : error}`];
  const isOneLine = error.message.length > 0 && !error.message.includes('\n');
  return isOneLine && (code === 1 || code === 3) ? [] : [`not one clear line with code 1 or 3: ${error.message}`];
}

/** Requests that name what they ask for. */
const lines: Readonly<Record<Asked, string>> = {
  list: 'GET /simple/',
  page: 'GET /simple/fault-many/',
  file: 'GET /packages/aa/x.whl',
  metadata: 'GET /packages/aa/x.whl.metadata',
  provenance: 'GET /integrity/x',
  changelog: 'POST /pypi changelog',
};

for (const scenario of scenarios) {
  t.test(`${scenario.label}: each fault alone, once and from then on`, async (t) => {
    const random = seededRandom(`alone, ${scenario.label}`);
    const cases = Object.entries(lines).flatMap(([asked, line]) =>
      misbehavioursOf(line, 0).flatMap(({ name }) => [1, Infinity].map((times) => ({ asked, name, times }))),
    );
    const wished = Math.min(cases.length, rounds(0.5));
    for (let at = 0; at < wished; at += 1) {
      const [next] = cases.splice(Math.floor(random() * cases.length), 1);
      if (next === undefined) break;
      const { asked, name } = next;
      let left = next.times;
      const problems = await problemsAfter(scenario, 1, (line, now) => {
        if (askedBy(line) !== asked || left === 0) return undefined;
        left -= 1;
        return misbehavioursOf(line, now).find((one) => one.name.split(', Retry')[0] === name.split(', Retry')[0]);
      });
      t.same(problems, [], `${asked}: ${name}, ${next.times} times`);
    }
  });

  t.test(`${scenario.label}: all faults together`, async (t) => {
    for (let round = 0; round < rounds(0.2); round += 1) {
      const random = seededRandom(`together, ${scenario.label}, ${round}`);
      const rate = random() ** 2;
      const jumps = random() < 0.5 ? 0.02 : 0;
      const misbehave = (line: string, now: number): Misbehaviour | undefined => {
        const all = misbehavioursOf(line, now);
        return random() < rate ? all[Math.floor(random() * all.length)] : undefined;
      };
      const jumpMs = (): number => (random() < jumps ? Math.round((random() - 0.5) * 800 * dayMs) : 0);
      const problems = await problemsAfter(scenario, 1 + Math.floor(random() * 3), misbehave, jumpMs);
      t.same(problems, [], `round ${round}, ${Math.round(100 * rate)} % of all requests`);
    }
  });
}

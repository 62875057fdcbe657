/**
 * Runs programs whose disk refuses something, and checks the mirror afterwards: there is one clear line and the right
 * exit code, nothing that was right is gone, pip can use what is there, and undisturbed runs make it equal to a fresh
 * mirror.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { openBundle } from '../e2e/bundle.ts';
import { type Ended, each, run } from '../e2e/program.ts';
import { differences, filesIn } from './differences.ts';
import { rounds, seededRandom } from './options.ts';

const programs = await openBundle();
const failAt = fileURLToPath(new URL('fail-at.cjs', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'faults-'));
t.teardown(() => rmSync(work, { recursive: true, force: true }));

/** The name of a program. */
export type Program = 'pep381run' | 'pep381checkfiles' | 'processlogs';

/** A program to disturb, and the expected results. */
export interface Scenario {
  readonly program: Program;
  readonly args: (target: string) => readonly string[];
  /** The exit codes that report a failure. */
  readonly failed: readonly number[];
  /** The exit code if nothing fails; 0 by default. */
  readonly right?: number;
  /** Makes the target as it is before the disturbed run. */
  readonly begin: (target: string) => void;
  /** Matches the paths that must stay if they are right already; by default all. */
  readonly keeps?: RegExp;
  /** True if the program reports on standard output what it does. */
  readonly speaks?: boolean;
  /** Returns what would harm a reader of the mirror afterwards. */
  readonly harm: (target: string) => readonly string[];
  /** The undisturbed runs that repair the mirror, with the exit codes that each may have. */
  readonly heal: readonly (readonly [Program, (target: string) => readonly string[], readonly number[]])[];
  /** The expected result in the end. */
  readonly goal: unknown;
  /** Returns the result of a target, to be compared with {@link Scenario.goal}. */
  readonly result: (target: string) => unknown;
}

/** A disk operation that fails. */
interface Fault {
  readonly kind: string;
  readonly at: number;
  readonly code: string;
  readonly on: boolean;
}

const anywhere = ['EIO', 'EACCES', 'EROFS'];
const codes: Readonly<Record<string, readonly string[]>> = {
  open: [...anywhere, 'EMFILE', 'ENOSPC'],
  read: ['EIO'],
  write: ['EIO', 'ENOSPC', 'SHORT', 'EDQUOT'],
  fsync: ['EIO', 'ENOSPC'],
  rename: [...anywhere, 'ENOSPC'],
  unlink: [...anywhere],
  mkdir: [...anywhere, 'ENOSPC'],
  readdir: ['EIO', 'EACCES', 'EMFILE'],
  stat: ['EIO', 'EACCES'],
  attribute: ['EIO', 'EACCES', 'EROFS'],
  close: ['EIO'],
  'database write': ['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_IOERR_FSYNC', 'SQLITE_READONLY'],
  'database read': ['SQLITE_IOERR_READ'],
};

/** Runs one of the programs as cron would. */
export function runProgram(program: Program, args: readonly string[], fault?: Record<string, string>): Promise<Ended> {
  const options = fault === undefined ? {} : { node: ['--require', failAt], env: fault };
  return run(join(programs, program), args, options);
}

/** Returns the path of a program. */
export function pathOf(program: Program): string {
  return join(programs, program);
}

/** Returns a path for a target. It is removed at the end of the test file. */
export function place(name: string): string {
  return join(work, name);
}

/** Makes a mirror without disturbing it. Returns its target. */
export async function makeMirror(name: string, args: Scenario['args']): Promise<string> {
  const target = place(name);
  const { code, stderr } = await runProgram('pep381run', args(target));
  if (code !== 0 || stderr !== '') throw new Error(`${name} cannot be made: ${code} ${stderr}`);
  return target;
}

/** Disturbs the scenario in as many different ways as `share` of all rounds. */
export async function failEverywhere(t: Test, label: string, scenario: Scenario, share: number): Promise<void> {
  const counts = await countRequests(label, scenario);
  const faults = chooseFaults(counts, rounds(share), seededRandom(label));
  let struck = 0;
  await each([...faults.entries()], async ([number, fault]) => {
    const target = place(`${label} ${number}`);
    const log = `${target}.log`;
    const name = `${fault.kind} ${fault.at} of ${counts[fault.kind]}: ${fault.code}${fault.on ? ' from then on' : ''}`;
    scenario.begin(target);
    const { kind, at, code, on } = fault;
    const env = { FAIL_KIND: kind, FAIL_AT: String(at), FAIL_CODE: code, FAIL_ON: on ? '1' : '0', FAIL_BELOW: target };
    const disturb = (): Promise<Ended> =>
      runProgram(scenario.program, scenario.args(target), { ...env, FAIL_LOG: log });
    t.same(await problemsAfter(scenario, target, disturb), [], name);
    if ((JSON.parse(readFileSync(log, 'utf8')) as Log).struck > 0) struck += 1;
    for (const path of [target, log]) rmSync(path, { recursive: true, force: true });
  });
  t.comment(`${label}: ${faults.length} faults, ${struck} of them struck, of ${JSON.stringify(counts)}`);
  t.ok(struck >= 0.9 * faults.length, 'what a run asks of the disk differs little from run to run');
}

/** Returns the problems after the run that `disturb` makes, one sentence each; none if all is well. */
export async function problemsAfter(
  scenario: Scenario,
  target: string,
  disturb: () => Promise<Ended>,
): Promise<string[]> {
  const { goal, result, heal, harm, right = 0 } = scenario;
  const kept = rightFiles(target, scenario);
  const ended = await disturb();
  const there = existsSync(target) ? filesIn(target) : {};
  const problems = Object.keys(kept).flatMap((path) => (there[path] === kept[path] ? [] : [`${path} was right`]));
  problems.push(...harm(target), ...wrongWords(scenario, ended));
  if (ended.code === 0) problems.push(...differences('claims to have done all', result(target), goal));
  for (const [program, args, wanted] of heal) {
    const { code, stderr } = await runProgram(program, args(target));
    if (!wanted.includes(Number(code))) problems.push(`${program} does not heal: ${code} ${stderr}`);
  }
  problems.push(...differences('in the end', result(target), goal));
  const staging = join(target, 'staging');
  if (existsSync(staging)) problems.push(...readdirSync(staging).map((name) => `${name} is left in staging`));
  if (problems.length > 0) problems.unshift(`exit code ${ended.code}: ${ended.stderr}`);
  return problems;

  function wrongWords({ program, failed, speaks = false }: Scenario, { code, stdout, stderr }: Ended): string[] {
    const lines = stderr.trimEnd().split('\n');
    const errors = lines.filter((line) => line.startsWith(`${program}: error: `));
    const wrong = [];
    if (![...failed, right].includes(Number(code))) wrong.push(`unexpected exit code ${code}`);
    if (stdout !== '' && !speaks) wrong.push(`standard output: ${stdout}`);
    if (/^ {4}at |node:internal/m.test(stderr)) wrong.push('a stack');
    if (code === 0 && stderr !== '') wrong.push('words, though all is well');
    if (code !== 4) return wrong;
    if (errors.length !== 1 || lines.length > 2) wrong.push('more or less than one line');
    if (!/E[A-Z]{2,}|disk|database|quota/.test(errors[0] ?? '')) wrong.push('no reason');
    return wrong;
  }
}

interface Log {
  readonly counts: Readonly<Record<string, number>>;
  readonly struck: number;
}

/** Returns the files that have their final contents already, and must keep them. */
function rightFiles(target: string, { goal, keeps = /^/ }: Scenario): Record<string, string> {
  const wanted = (goal as { readonly web: Record<string, string> }).web;
  const there = existsSync(target) ? filesIn(target) : {};
  return Object.fromEntries(
    Object.entries(there).filter(([path, content]) => keeps.test(path) && wanted[path] === content),
  );
}

async function countRequests(label: string, scenario: Scenario): Promise<Log['counts']> {
  const target = place(`${label} counted`);
  const log = `${target}.log`;
  scenario.begin(target);
  await runProgram(scenario.program, scenario.args(target), { FAIL_BELOW: target, FAIL_LOG: log });
  const { counts } = JSON.parse(readFileSync(log, 'utf8')) as Log;
  for (const path of [target, log]) rmSync(path, { recursive: true, force: true });
  return counts;
}

/** Returns all possible faults if `wished` is large enough, else some of each kind in turn. */
function chooseFaults(counts: Log['counts'], wished: number, random: () => number): Fault[] {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const queues = Object.entries(counts).map(([kind, count]) => {
    const possible = Array.from({ length: count }, (_, at) => [false, true].map((on) => ({ kind, at: at + 1, on })));
    return shuffled(possible.flat(), random);
  });
  const chosen: Fault[] = [];
  while (chosen.length < wished) {
    const queue = shuffled(
      queues.filter(({ length }) => length > 0),
      random,
    );
    if (queue.length === 0) break;
    for (const possible of queue.slice(0, wished - chosen.length)) {
      const fault = possible.pop();
      if (fault !== undefined) chosen.push({ ...fault, code: pick(codes[fault.kind] ?? anywhere) });
    }
  }
  return chosen;
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  return values
    .map((value) => ({ value, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

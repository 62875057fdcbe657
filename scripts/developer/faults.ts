/**
 * `npm run test:faults`: tests what remains when a program is killed, when the power fails, and when the disk, the
 * network or upstream misbehave. All random choices come from one seed, which is printed: the same seed repeats a
 * failure. The programs must have been built.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import minimist from 'minimist';

const root = fileURLToPath(new URL('../..', import.meta.url));
const usage = 'Usage: npm run test:faults -- [--rounds N] [--seed S] [--short] [FILE...]';
const { rounds, seed, files } = parseOptions(process.argv.slice(2));

console.log(
  `${rounds} rounds with the seed ${seed}; repeat with: npm run test:faults -- --rounds ${rounds} --seed ${seed}`,
);
const { status } = spawnSync('npx', ['tap', '--timeout=0', '--jobs=2', ...files], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    FAULT_ROUNDS: String(rounds),
    FAULT_SEED: String(seed),
    ...sampleSizes(rounds),
  },
});
process.exitCode = status ?? 1;

/**
 * Parses the options. By default the tests take about a quarter of an hour on two cores; with --short, which tests each
 * kind of fault only a little, two minutes.
 */
function parseOptions(argv: readonly string[]): { rounds: number; seed: number; files: readonly string[] } {
  const given = minimist([...argv], {
    boolean: ['short'],
    string: ['rounds', 'seed'],
    unknown: (option) => !option.startsWith('-') || fail(),
  });
  const rounds = Number(given.rounds ?? (given.short ? 40 : 500));
  const seed = Number(given.seed ?? 381);
  if (!Number.isSafeInteger(rounds) || rounds < 1 || !Number.isSafeInteger(seed)) fail();
  return { rounds, seed, files: given._.length > 0 ? given._ : faultTests(given.short) };
}

/** Returns the variables for the tests of which `npm test` takes a sample. */
function sampleSizes(rounds: number): Readonly<Record<string, string>> {
  return {
    // They kill a program at each rename and at this many other steps.
    KILL_STEPS: String(Math.ceil(rounds / 10)),
    ADOPT_STRIDE: '7',
    CHECK_STRIDE: '1',
    EVERY_CASE: '1',
    REQUESTS_AT_ONCE: '200',
    RUNS_AT_ONCE: '20',
  };
}

/**
 * Returns the tests to run. Those of every step or case take long, and `npm test` also runs them, with some of these.
 */
function faultTests(isShort: boolean): readonly string[] {
  // It waits for minutes until a run gives up.
  const waits = 'test/faults/s3-outage.test.ts';
  const all = readdirSync(`${root}test`, { recursive: true, encoding: 'utf8' }).map((name) => `test/${name}`);
  const tests = all.filter((path) => path.endsWith('.test.ts')).sort();
  const own = tests.filter((path) => path.startsWith('test/faults/') && !(isShort && path === waits));
  if (isShort) return own;
  const long = JSON.parse(readFileSync(`${root}scripts/developer/long-tests.json`, 'utf8')) as readonly string[];
  return [...new Set([...own, ...tests.filter((path) => takesSample(path)), ...long])];
}

/** Returns true if the test file, or what it imports of the tests, reads one of the variables for samples. */
function takesSample(path: string, seen = new Set<string>()): boolean {
  // A text of a test may look like an import.
  if (seen.has(path) || !existsSync(root + path)) return false;
  seen.add(path);
  const text = readFileSync(root + path, 'utf8');
  if (Object.keys(sampleSizes(1)).some((variable) => text.includes(variable))) return true;
  const imports = [...text.matchAll(/ from '(\.[^']+\.ts)'/g)].map(([, name = '']) => join(dirname(path), name));
  return imports.some((name) => name.startsWith('test/') && takesSample(name, seen));
}

function fail(): never {
  console.error(usage);
  process.exit(2);
}

/** The output of runs that /sync started is printed by the next run. A request that no run can consume starts no more. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { smallIndex } from '../fixtures/small-index.ts';
import { openBundle } from './bundle.ts';
import { openMirrored } from './opened-sample.ts';
import { run } from './program.ts';
import { runHere } from './run-here.ts';

const programs = await openBundle();
const program = join(programs, 'pep381run');

interface Opened {
  readonly target: string;
  readonly log: string;
  readonly flag: string;
  /** `pep381run -q TARGET`, as cron starts it. */
  readonly cron: () => ReturnType<typeof run>;
  /** The same in this process. */
  readonly cronHere: () => ReturnType<typeof run>;
  /** The same, as /sync starts it; the exit code. */
  readonly bySync: () => Promise<unknown>;
}

async function openConfigured(t: Test): Promise<Opened> {
  const { server, target } = await openMirrored(t, program, smallIndex);
  mkdirSync(join(target, 'run'), { recursive: true });
  writeFileSync(join(target, 'mirror.toml'), `upstream = "${server.url}"\n`);
  const log = join(target, 'run/sync.log');
  const cron = () => run(program, ['-q', target]);
  const cronHere = () => runHere('-q', target);
  const bySync = async (): Promise<unknown> => {
    const fd = openSync(log, 'a');
    const child = spawn(process.execPath, [program, '-q', target], { stdio: ['ignore', fd, fd] });
    closeSync(fd);
    const [code] = await once(child, 'exit');
    return code;
  };
  return { target, log, flag: join(target, 'run/sync-requested'), cron, cronHere, bySync };
}

t.test('an alarm of a run that /sync started is printed by the next one that cron starts, once', async (t) => {
  const { target, log, cron, cronHere, bySync } = await openConfigured(t);
  writeFileSync(log, 'Alarm: upstream serves another file\nAlarm: upstream serves another file\n\x1b[2J\n');
  t.equal(await bySync(), 0, 'the next run of /sync tells nothing');
  const kept = readFileSync(join(target, 'log/sync.log'), 'utf8');
  t.match(kept, /^\d{4}-\d\d-\d\dT\S+Z Alarm: upstream serves another file\n\S+ \?\[2J\n$/, 'and keeps it');
  const told = await cron();
  t.equal(told.code, 1);
  const [first, second] = told.stderr.split('\n');
  t.equal(first, 'Alarm: a run that /sync started said: Alarm: upstream serves another file');
  t.equal(second, 'Alarm: a run that /sync started said: ?[2J', 'harmless');
  t.notOk(existsSync(log));
  t.same(await cronHere(), { code: 0, stdout: '', stderr: '' });
});

t.test('what a run that /sync started said in several lines is one alarm', async (t) => {
  const { log, cronHere, target } = await openConfigured(t);
  writeFileSync(log, 'Held back: they stay:\n  alpha: the project\n  beta: 1 file\nTo let them go: pep381run\n');
  const { stderr } = await cronHere();
  const said = 'Alarm: a run that /sync started said: ';
  t.match(stderr, `${said}Held back: they stay: alpha: the project; beta: 1 file\n${said}To let them go: pep381run\n`);
  t.match((await runHere('--status', target)).stdout, /Held back: they stay: alpha: the project; beta: 1 file/);
});

t.test('a dry run leaves the log of /sync to others, and of a long log a part is printed', async (t) => {
  const { log, cronHere, target } = await openConfigured(t);
  writeFileSync(log, Array.from({ length: 100_000 }, (_, line) => `line ${line}\n`).join(''));
  t.equal((await runHere('-q', '--dry-run', target)).code, 0);
  t.ok(existsSync(log));
  const { stderr } = await cronHere();
  t.match(stderr, /said: line 14\n.*said: [0-9]+ more lines\n/);
  t.ok(stderr.split('\n').length < 20);
});

t.test('a link in place of the log of /sync is reported, and not followed', async (t) => {
  const { target, log, cron, cronHere } = await openConfigured(t);
  const secret = join(target, 'mirror.toml');
  const plants: readonly (readonly [string, () => unknown])[] = [
    ['a link', () => symlinkSync(secret, log)],
    ['a link to nowhere', () => symlinkSync(join(target, 'nowhere'), log)],
    ['a pipe', () => spawnSync('mkfifo', [log])],
    ['a folder', () => mkdirSync(join(log, 'more'), { recursive: true })],
  ];
  for (const [what, plant] of plants) {
    plant();
    // A program that opens the pipe waits for ever.
    const { code, stderr } = await (what === 'a pipe' ? cron : cronHere)();
    t.equal(code, 1, what);
    t.match(
      stderr,
      /^Alarm: .*sync\.log: what runs had to say that \/sync started cannot be taken: .*; remove it$/m,
      what,
    );
    t.notMatch(stderr, 'upstream =');
    rmSync(log, { recursive: true, force: true });
  }
});

t.test('a request that a run cannot consume starts no second run', async (t) => {
  const { target, flag, cronHere, bySync } = await openConfigured(t);
  const config = join(target, 'mirror.toml');
  const right = readFileSync(config, 'utf8');
  const asked = async (): Promise<{ runs: number; code: unknown; lines: number }> => {
    writeFileSync(flag, '');
    // As pep381run.path does, and cron with the line of README.md.
    for (let runs = 1; ; runs += 1) {
      const { code, stderr } = await cronHere();
      if (!existsSync(flag) || runs === 3) return { runs, code, lines: stderr.trim().split('\n').length };
    }
  };
  writeFileSync(config, 'upstream = [');
  t.same(await asked(), { runs: 1, code: 2, lines: 1 }, 'a setting that cannot be read');
  writeFileSync(config, `${right}no-such-setting = 1\n`);
  t.same(await asked(), { runs: 1, code: 2, lines: 1 }, 'one that does not exist');
  writeFileSync(config, `${right}requirements = ["missing.txt"]\n`);
  t.match(await asked(), { runs: 1, code: /2|4/ }, 'a file that is missing');
  writeFileSync(config, 'upstream = "https://elsewhere.example"\n');
  t.same(await asked(), { runs: 1, code: 2, lines: 2 }, 'another upstream');

  writeFileSync(config, 'upstream = [');
  writeFileSync(flag, '');
  t.equal(await bySync(), 2);
  t.ok(existsSync(flag), 'who was started by /sync leaves it, as the next request then waits ten minutes');
  writeFileSync(config, right);
  t.equal((await cronHere()).code, 1, 'what that run said is told');
  t.notOk(existsSync(flag));
});

/** The metrics that all programs write into one file, as a collector reads it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { programsOrReason } from '../fixtures/programs.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { openBundle } from './bundle.ts';
import { openSample } from './opened-sample.ts';
import { type Ended, run } from './program.ts';
import { checkHere, logsHere, runHere } from './run-here.ts';

const bundle = await openBundle();
const quiet = { code: 0, stdout: '', stderr: '' };

interface Measured {
  readonly target: string;
  readonly file: string;
  mirror(...options: string[]): Promise<Ended>;
  check(...options: string[]): Promise<Ended>;
  logs(): Promise<Ended>;
  /** The same in this process. */
  readonly here: Pick<Measured, 'mirror' | 'check' | 'logs'>;
  /** Returns the values by name, with the labels besides `mirror`. */
  values(): Map<string, number>;
}

async function openMeasured(t: Test, name = 'pypi'): Promise<Measured> {
  const { server, target: parent } = await openSample(t, join(bundle, 'pep381run'), smallIndex());
  const target = join(parent, name);
  const folder = t.testdir({ metrics: {}, 'pypi.log': '' });
  const file = join(folder, 'metrics/pep381.prom');
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'mirror.toml'), `upstream = "${server.url}"\numask = "0027"\nmetrics-file = "${file}"\n`);
  const programs = (name: string, ...args: string[]): Promise<Ended> => run(join(bundle, name), args);
  return {
    target,
    file,
    mirror: (...options) => programs('pep381run', ...options, target),
    check: (...options) => programs('pep381checkfiles', ...options, target),
    logs: () => programs('processlogs', '-q', target, join(folder, 'pypi.log')),
    here: {
      mirror: (...options) => runHere(...options, target),
      check: (...options) => checkHere(...options, target),
      logs: () => logsHere('-q', target, join(folder, 'pypi.log')),
    },
    values: () => valuesIn(readFileSync(file, 'utf8')),
  };
}

function valuesIn(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name = '', labels = '', value] = /^(\w+)\{mirror="[^"]*",?(.*)\} (\S+)$/.exec(line) ?? [];
    if (name !== '') values.set(labels === '' ? name : `${name}{${labels}}`, Number(value));
  }
  return values;
}

/** Returns the number of a process that has ended. */
function deadPid(): number {
  return spawnSync('true').pid;
}

t.test('each program adds what it knows', async (t) => {
  const { target, file, mirror, check, logs, values } = await openMeasured(t);
  const before = Date.now() / 1000;
  t.same(await mirror('-q'), quiet);
  const first = values();
  t.ok((first.get('pep381_last_success_timestamp_seconds') ?? 0) >= before);
  t.equal(first.get('pep381_projects'), 3);
  t.equal(first.get('pep381_last_run_exit_code'), 0);
  t.equal(first.get('pep381_lag_seconds'), 0);
  t.equal(first.get('pep381_lag_serials'), 0);
  t.equal(first.get('pep381_runs_total{exit_code="0"}'), 1);
  t.equal(first.get('pep381_fetched_files_total'), first.get('pep381_files'));
  t.ok((first.get('pep381_disk_free_bytes') ?? 0) > 0);
  t.equal(first.get('pep381_checks_total'), undefined, 'what is not known is left out');
  t.equal(statSync(file).mode & 0o777, 0o644, 'everybody can read it, whatever umask is');
  t.same(readdirSync(join(file, '..')), ['pep381.prom'], 'and nothing lies beside it');

  const [dead, alive] = [`.pep381.prom.${deadPid()}`, `.pep381.prom.${process.pid}`];
  for (const name of [dead, alive]) writeFileSync(join(file, '..', name), '');
  const pageOf = join(target, 'web/simple/alpha/index.html');
  writeFileSync(pageOf, 'damaged');
  t.equal((await check('-q')).code, 1);
  const log = join(file, '../../pypi.log');
  const [path = ''] = readdirSync(join(target, 'web/packages'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.whl'),
  );
  const line = `192.0.2.1 - - [22/Nov/2026:10:00:00 +0000] "GET /packages/${path} HTTP/1.1" 200 500 "-" "pip/26.2"\n`;
  writeFileSync(log, line + line);
  t.equal((await logs()).code, 0);
  t.equal((await mirror('-q')).code, 0);
  t.same(readdirSync(join(file, '..')).sort(), [alive, 'pep381.prom'].sort(), 'what a killed program left is gone');
  const all = values();
  t.equal(all.get('pep381_last_check_exit_code'), 1);
  t.ok((all.get('pep381_last_check_findings') ?? 0) > 0);
  t.equal(all.get('pep381_downloads_total'), 2);
  t.equal(all.get('pep381_runs_total{exit_code="0"}'), 2);
});

t.test('promtool finds nothing to remark', programsOrReason('promtool'), async (t) => {
  const { here, file } = await openMeasured(t, 'a "hostile" \\ {name}\n# TYPE x y');
  t.same(await here.mirror('-q'), quiet);
  await here.check('-q', '--subset', 'auto');
  await here.logs();
  const input = readFileSync(file);
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
  t.same({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
});

t.test('programs that end at the same time lose nothing of each other', async (t) => {
  const { mirror, check, logs, here, values } = await openMeasured(t);
  t.same(await here.mirror('-q'), quiet);
  for (let round = 1; round <= 2; round += 1) {
    await Promise.all([mirror('-q'), check('-q'), logs()]);
    const found = values();
    t.equal(found.get('pep381_runs_total{exit_code="0"}'), round + 1);
    t.equal(found.get('pep381_checks_total'), round);
    t.ok(found.has('pep381_last_logs_exit_code'));
  }
});

t.test('a file that cannot be written is a warning, and fails no program', async (t) => {
  const { mirror, here, file } = await openMeasured(t);
  rmSync(join(file, '..'), { recursive: true });
  t.match(await mirror(), { code: 0, stderr: /^Warning: metrics-file: \S+ cannot be written: ENOENT.*\n$/ });
  t.same(await here.mirror('-q'), quiet);
  t.match(await here.check('-q'), { code: 0, stderr: /^pep381checkfiles: Warning: metrics-file: [^\n]*\n$/ });
  t.match(await here.logs(), { code: 0, stderr: /^processlogs: Warning: metrics-file: [^\n]*\n$/ });
  t.notOk(existsSync(file));
  mkdirSync(join(file, '..'));
  mkdirSync(file);
  t.match(await here.mirror(), { code: 0, stderr: /^Warning: metrics-file: \S+ cannot be written: E\w+.*\n$/ });
  t.same(readdirSync(join(file, '..')), ['pep381.prom'], 'and leaves nothing behind');
});

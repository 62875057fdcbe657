/** A run that dies is reported: by its exit code, by the status, and by the next run. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import { renderLastModified } from '../../src/formats/mirror/last-modified.ts';
import { takeLock } from '../../src/state/sqlite/lock.ts';
import { SqliteStateStore } from '../../src/state/sqlite/sqlite-state-store.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { changeOf } from '../fixtures/mirror-state.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeWheel } from '../sample/distributions.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { openBundle } from './bundle.ts';
import { type OpenedSample, openMirrored } from './opened-sample.ts';
import { type Ended, run, until } from './program.ts';

const program = join(await openBundle(), 'pep381run');

interface StatusFile {
  readonly 'exit-code': number;
  readonly summary: string;
  readonly parked: readonly { readonly name: string; readonly reason: string }[];
}

function statusFile(target: string): StatusFile {
  return JSON.parse(readFileSync(join(target, 'web/mirror-status.json'), 'utf8')) as StatusFile;
}

function sixProjects(): SampleIndex {
  const index = new SampleIndex();
  for (let number = 1; number <= 6; number += 1) index.publish(makeWheel({ name: `p${number}`, version: '1.0' }));
  return index;
}

/** Runs the program behind `script`, which Node loads first. */
function runBehind(t: Test, { server, target }: OpenedSample, script: string, ...options: string[]): Promise<Ended> {
  const preload = join(t.testdirName, 'preload.cjs');
  writeFileSync(preload, script);
  return run(program, [...options, '--upstream', server.url, target], { node: ['--require', preload] });
}

function versionsOf(target: string, name: string): string[] {
  const page = readFileSync(join(target, 'web/simple', name, 'index.v1_json'), 'utf8');
  return (JSON.parse(page) as { versions: string[] }).versions;
}

t.test('kill -9 is reported by --status, by the next run, and by mirror-status.json during that run', async (t) => {
  const sample = await openMirrored(t, program, smallIndex);
  const { server, target } = sample;
  server.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  const off = server.faults.add({ do: 'stall', match: /alpha-2\.0.*\.whl$/ });
  const first = sample.begin();
  const isAsked = (): boolean => server.requests.some(({ path }) => path.endsWith('2.0-py3-none-any.whl'));
  await until('the file that never comes', isAsked);
  first.kill('SIGKILL');
  t.equal((await first.ended).code, 'SIGKILL');
  t.equal(statusFile(target)['exit-code'], 0, 'nobody could say more yet');
  const status = await run(program, ['--status', target]);
  t.match(status.stdout, /^Now +no run is at work; the last one, since \S+, died at \S+ or later$/m);

  server.requests.length = 0;
  const second = sample.begin();
  await until('the status', () => statusFile(target)['exit-code'] === 70);
  t.match(statusFile(target).summary, /^Died before its end/);
  await until('the file once more', isAsked);
  second.kill('SIGKILL');
  const warning = 'Warning: the last run, which began at \\S+, died before its end; this one goes on from there';
  t.match((await second.ended).stderr, new RegExp(`^${warning}$`, 'm'));

  off();
  t.match(
    await sample.mirror('-q'),
    { code: 0, stdout: '', stderr: new RegExp(`^${warning}\\n$`) },
    'a quiet run says it, too',
  );
  t.same(versionsOf(target, 'alpha'), ['1.0', '2.0']);
  t.equal(statusFile(target)['exit-code'], 0);
  t.match((await run(program, ['--status', target])).stdout, / 70 +Died before its end/);
  t.same(await sample.mirror('-q'), { code: 0, stdout: '', stderr: '' }, 'and the next one no more');
});

t.test('a project that kills the process is synced last, then waits', async (t) => {
  const sample = await openMirrored(t, program, smallIndex);
  const { server, target } = sample;
  for (const name of ['alpha', 'beta', 'gamma']) server.index.publish(makeWheel({ name, version: '2.0' }));
  const killer = `
    const fs = require('node:fs');
    const rename = fs.renameSync;
    fs.renameSync = (from, to) => (to.endsWith('alpha-2.0-py3-none-any.whl') ? process.abort() : rename(from, to));`;
  t.equal((await runBehind(t, sample, killer)).code, 'SIGABRT');
  server.index.publish(makeWheel({ name: 'delta', version: '1.0' }));
  const second = await runBehind(t, sample, killer);
  t.equal(second.code, 'SIGABRT', 'after all that was not under way');
  t.match(second.stderr, /^Warning: the last run died while it worked on alpha.*; they come last now, one at a time$/m);
  t.same(versionsOf(target, 'delta'), ['1.0']);
  t.match(readFileSync(join(target, 'web/simple/index.html'), 'utf8'), />delta</);
  const lastModified = readFileSync(join(target, 'web/last-modified'), 'utf8');
  // Four more, of which only the last takes place.
  const state = new Database(join(target, 'state.db'));
  state.exec("UPDATE queue SET deaths = deaths + 3 WHERE name = 'alpha'");
  state.close();
  t.equal((await runBehind(t, sample, killer)).code, 'SIGABRT', 'the sixth time');
  await until('the next second', () => renderLastModified(Date.now()) !== lastModified);
  const last = await runBehind(t, sample, killer, '-q');
  t.equal(last.code, 1);
  t.match(last.stderr, /^Alarm: alpha: pep381run died 6 times while it worked on it; this is a bug of pep381client/m);
  t.same(versionsOf(target, 'beta'), ['1.0', '2.0']);
  t.same(versionsOf(target, 'gamma'), ['1.0', '2.0']);
  t.not(readFileSync(join(target, 'web/last-modified'), 'utf8'), lastModified);
  t.match(statusFile(target), { 'exit-code': 1, parked: [{ name: 'alpha', reason: /died 6 times/ }] });
  t.equal(
    (await runBehind(t, sample, killer, '-q')).code,
    1,
    'it waits for hours, and the exit code says that it does',
  );
});

t.test('a removal that was allowed, and whose run died, is completed by the next one', async (t) => {
  const sample = await openMirrored(t, program, sixProjects);
  const { server, target } = sample;
  const gone = ['p1', 'p2', 'p3'];
  for (const name of gone) server.index.removeProject(name);
  // The pages of a project go before its files.
  const killer = `
    const fs = require('node:fs');
    const rename = fs.renameSync;
    fs.renameSync = (from, to) => (/web.packages.*p2-1/.test(from) ? process.abort() : rename(from, to));`;
  t.equal((await runBehind(t, sample, killer, '-q', '--allow-deletions', '3')).code, 'SIGABRT');
  const hasPage = (name: string): boolean => existsSync(join(target, 'web/simple', name, 'index.html'));
  t.notOk(hasPage('p2'));
  await sample.mirror('-q');
  const listed = readFileSync(join(target, 'web/simple/index.html'), 'utf8');
  for (const name of [...gone, 'p4']) t.equal(listed.includes(`>${name}<`), hasPage(name), name);
  t.equal((await sample.mirror('-q', '--allow-deletions', '3')).code, 0);
  t.same(
    readdirSync(join(target, 'web/simple')).filter((name) => /^p/.test(name)),
    ['p4', 'p5', 'p6'],
  );
});

t.test('what a run that died has removed counts for the limit of the day', async (t) => {
  const names = Array.from({ length: 30 }, (_, at) => `part${at}`);
  const root = (version: string, from: number) => makeWheel({ name: 'root', version, requires: names.slice(from) });
  const sample = await openMirrored(
    t,
    program,
    () => {
      const index = new SampleIndex();
      for (const name of names) index.publish(makeWheel({ name, version: '1.0' }));
      index.publish(root('1.0', 0));
      return index;
    },
    { settings: 'projects = ["root"]\ndependencies = true\n' },
  );
  const { server, target } = sample;
  const replaceRoot = (version: number, from: number): void => {
    server.index.removeRelease('root', `${version - 1}.0`);
    server.index.publish(root(`${version}.0`, from));
  };
  replaceRoot(2, 5);
  const killer = `
    const fs = require('node:fs');
    const rename = fs.renameSync;
    fs.renameSync = (from, to) => (/web.packages.*part/.test(from) ? process.abort() : rename(from, to));`;
  t.equal((await runBehind(t, sample, killer, '-q')).code, 'SIGABRT');
  replaceRoot(3, 10);
  t.match(await sample.mirror('-q'), { code: 5, stderr: /a day may remove 6 projects/ });
  const pages = readdirSync(join(target, 'web/simple')).filter((name) => name.startsWith('part'));
  t.ok(pages.length >= 24, `${pages.length} are left`);
});

t.test('an uncaught error ends the run with 70, and the status says so', async (t) => {
  const sample = await openMirrored(t, program, smallIndex);
  const { server, target } = sample;
  server.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  const off = server.faults.add({ do: 'stall', match: /simple\/alpha\/$/ });
  server.requests.length = 0;
  const now = join(t.testdirName, 'now');
  const thrower = `
    const timer = setInterval(() => {
      if (!require('node:fs').existsSync(${JSON.stringify(now)})) return;
      clearInterval(timer);
      throw new TypeError('nobody waits for this');
    }, 5);`;
  const ended = runBehind(t, sample, thrower);
  await until('the page', () => server.requests.some(({ path }) => path === '/simple/alpha/'));
  writeFileSync(now, '');
  const { code, stderr } = await ended;
  off();
  t.equal(code, 70);
  t.match(stderr, /^pep381run: error: TypeError: nobody waits for this\n +at .*preload\.cjs/m);
  t.match(stderr, /^This is a bug of pep381client, please report it\./m);
  t.match(statusFile(target), { 'exit-code': 70, summary: /^Ended by an error of pep381client\./ });
  const next = await sample.mirror();
  t.equal(next.code, 0);
  t.notMatch(next.stderr, /died/);
  t.same(versionsOf(target, 'alpha'), ['1.0', '2.0']);
});

t.test('a lock that is held for hours without progress is reported, and the exit code is not 0', async (t) => {
  const sample = await openMirrored(t, program, smallIndex);
  const { target } = sample;
  mkdirSync(join(target, 'run'), { recursive: true });
  const release = takeLock(join(target, 'lock/run.db'));
  t.teardown(() => release?.());
  const mark = (running: number, progressAt: number): void => {
    const state = new SqliteStateStore(join(target, 'state.db'), new FakeClock());
    state.set(changeOf({ running, progressAt }));
    state.close();
  };
  const hourMs = 3_600_000;
  mark(Date.now() - 90 * hourMs, Date.now() - hourMs);
  t.equal((await sample.mirror('-q')).code, 0, 'a run of days that does something');
  mark(Date.now() - 90 * hourMs, Date.now() - 3 * hourMs);
  const { code, stderr } = await sample.mirror('-q');
  t.equal(code, 1);
  t.match(
    stderr,
    /^pep381run: error: \S+lock\/run\.db: held by a run that began at \S+ and has done nothing since [^\n]+\n$/,
  );
});

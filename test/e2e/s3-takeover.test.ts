/** A mirror in a bucket that several machines could publish. */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { pep381checkfiles } from '../../src/cli/check/pep381checkfiles.ts';
import { processlogs as processlogsProgram } from '../../src/cli/logs/processlogs.ts';
import { pep381run } from '../../src/cli/run/pep381run.ts';
import { onlyEvery, someCases } from '../fixtures/every-case.ts';
import { faketimeOrReason } from '../fixtures/faketime.ts';
import { objectStoreOrReason, openObjectStore } from '../fixtures/object-store.ts';
import { download } from '../fixtures/public-bucket.ts';
import { readerProblems } from '../fixtures/reader-check.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { openTestBucket } from '../fixtures/test-bucket.ts';
import { makeWheel } from '../sample/distributions.ts';
import { openSampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { until } from './program.ts';
import { mirrorInto } from './run-here.ts';
import { objectsIn, openMachine, type StoreMachine } from './s3-machines.ts';

const bundle = await openBundle();
const [program, checkfiles, processlogs] = ['pep381run', 'pep381checkfiles', 'processlogs'].map((name) =>
  join(bundle, name),
) as [string, string, string];
const needed = objectStoreOrReason();
const quiet = { code: 0, stdout: '', stderr: '' };

/** Returns how many objects a machine has asked the store to keep below a prefix. */
function putsOf({ requests }: StoreMachine, prefix: string): number {
  return requests.filter((request) => request.startsWith(`PUT ${prefix}`)).length;
}

t.test('a stand-by does nothing, and takes over where the other machine ended', needed, async (t) => {
  t.testdir();
  const store = await openObjectStore(t);
  const server = await openSampleServer({ index: smallIndex() });
  t.teardown(() => server.close());
  const metrics = join(t.testdirName, 'pep381.prom');
  const measured = { store, settings: [`metrics-file = "${metrics}"`] };
  const [a, b] = [await openMachine(t, 'a', { store }), await openMachine(t, 'b', measured)];
  const args = (machine: { readonly target: string }) => ['--all', '--upstream', server.url, machine.target];
  const bucket = openTestBucket(t, store, 'm/');
  t.match(await a.run(program, ...args(a)), { code: 0, stderr: '' });
  const published = await objectsIn(bucket);
  t.ok(published.has('web/simple/alpha/index.html'));
  t.ok(published.has('state/manifest.json.gz'));
  a.requests.length = 0;
  t.same(await a.call(pep381run, '-q', ...args(a)), quiet);
  t.same(
    a.requests.filter((request) => /lease|state/.test(request)),
    [],
    'a run that has nothing to do asks nothing of the lease, and copies nothing',
  );
  server.requests.length = 0;
  t.match(await b.run(program, ...args(b)), {
    code: 0,
    stdout:
      /^s3:\/\/bucket-\d+\/m\/ at \S+: another target on \S+, or one that this is a copy of, publishes; this machine stands by, and takes over if nothing is heard of it until [\d-]+ [\d:]+ UTC\n$/,
    stderr: '',
  });
  t.equal(server.requests.length, 0);
  t.same(b.requests, ['GET lease.json']);
  t.match(await b.call(pep381run, '--restore', 'alpha', b.target), {
    code: 2,
    stderr: /nothing is known of this mirror yet/,
  });
  t.equal((await objectsIn(bucket)).get('lease.json'), published.get('lease.json'));
  t.match(await b.call(pep381run, '--status', b.target), {
    code: 0,
    stdout: /^Stands by +another target on \S+ publishes; it renewed its lease at \S+, as of \S+$/m,
    stderr: '',
  });
  t.match(await b.call(pep381run, '--status', '--check', b.target), { code: 0, stdout: /^PEP381 OK - stands by; / });
  t.match(await b.run(checkfiles, b.target), { code: 0, stdout: /stands by/, stderr: '' });
  t.same(await b.call(pep381checkfiles, '-q', b.target), quiet);
  t.match(await b.run(processlogs, b.target, '/dev/null'), { code: 0, stdout: /stands by/, stderr: '' });
  t.match(readFileSync(metrics, 'utf8'), /^pep381_standby_timestamp_seconds\{.*publisher="another target on .*"\} \d/m);

  server.index.publish(makeWheel({ name: 'delta', version: '1.0' }));
  b.moveStore(17);
  t.same(await b.call(pep381run, '-q', ...args(b)), quiet, 'not yet');
  b.moveStore(19);
  const taken = await b.run(program, ...args(b));
  t.match(taken, {
    code: 0,
    stderr:
      /: another target.* was last heard of at .*; this machine takes over\n.*: restored from copy 1 of .* in the bucket/,
  });
  t.notMatch(taken.stderr, /older than|looked at again/);
  t.match(taken.stdout, /1 project/);
  t.match(await b.call(pep381run, '--status', '--check', b.target), {
    code: 0,
    stdout: /^PEP381 OK - complete as of /,
  });
  t.notMatch(readFileSync(metrics, 'utf8'), /standby/);
  const after = await objectsIn(bucket);
  t.ok(after.has('web/simple/delta/index.html'));
  t.equal(after.get('web/simple/alpha/index.html'), published.get('web/simple/alpha/index.html'));
  t.same(await b.call(pep381checkfiles, '-q', '--repair', b.target), quiet);

  // The first machine is back.
  server.requests.length = 0;
  b.moveStore(0);
  a.restart();
  t.match(await a.call(pep381run, ...args(a)), { code: 0, stdout: /stands by/, stderr: '' });
  t.match(await a.call(pep381run, '--status', a.target), { code: 0, stdout: /^Stands by [\s\S]*^Held +3 projects/m });
  t.match(await a.call(pep381checkfiles, '--repair', a.target), { code: 0, stdout: /stands by/, stderr: '' });
  t.match(await a.call(processlogsProgram, a.target, '/dev/null'), { code: 0, stdout: /stands by/, stderr: '' });
  const outdated = { code: 2, stdout: '', stderr: /another machine has published this mirror since this one did/ };
  t.match(await a.call(pep381run, '--move-to', 'disk', a.target), outdated);
  t.equal(server.requests.length, 0);
  const onDisk = join(t.testdirName, 'disk');
  const settings = readFileSync(join(a.target, 'mirror.toml'));
  await mirrorInto(onDisk, server.url);
  writeFileSync(join(onDisk, 'mirror.toml'), settings);
  const occupied = { code: 2, stdout: '', stderr: /expected a place for this mirror, found the state of another one/ };
  t.match(await a.call(pep381run, '--move-to', 's3', onDisk), occupied);
  a.moveStore(19);
  server.index.publish(makeWheel({ name: 'epsilon', version: '1.0' }));
  t.match(await a.call(pep381run, '-q', ...args(a)), {
    code: 0,
    stderr: /restored from copy 2 .*; the older one is \S+state\.db\.before-\S+, and may be removed\n$/,
  });
  t.ok((await objectsIn(bucket)).has('web/simple/epsilon/index.html'));
  t.ok(readdirSync(a.target).some((name) => name.startsWith('state.db.before-')));
  t.same(await a.call(pep381checkfiles, '-q', a.target), quiet);
});

t.test('of two machines that begin at the same instant, one publishes', onlyEvery(needed), async (t) => {
  t.testdir();
  const server = await openSampleServer({ index: smallIndex() });
  t.teardown(() => server.close());
  for (const round of someCases([1, 2, 3, 4, 5, 6], 3)) {
    const store = await openObjectStore(t);
    const machines = [await openMachine(t, `a${round}`, { store }), await openMachine(t, `b${round}`, { store })];
    const ends = await Promise.all(
      machines.map(({ run, target }) => run(program, '--all', '--upstream', server.url, target)),
    );
    const said = ends.map(({ stdout, stderr }) => stdout + stderr).join('');
    t.same(
      ends.map(({ code }) => code),
      [0, 0],
      said,
    );
    t.equal(ends.filter(({ stdout }) => stdout.includes('stands by')).length, 1, said);
    t.equal(ends.filter(({ stdout }) => stdout.includes('3 projects published')).length, 1, said);
  }
});

t.test('a machine that is killed in the midst is followed by another one, which goes on', needed, async (t) => {
  t.testdir();
  const store = await openObjectStore(t);
  const server = await openSampleServer({ index: smallIndex() });
  t.teardown(() => server.close());
  const [a, b] = [await openMachine(t, 'a', { store }), await openMachine(t, 'b', { store })];
  const args = (machine: { readonly target: string }) => ['--all', '--upstream', server.url, machine.target];
  t.same(await a.call(pep381run, '-q', ...args(a)), quiet);
  for (let at = 0; at < 12; at += 1) server.index.publish(makeWheel({ name: `new${at}`, version: '1.0' }));
  const bucket = openTestBucket(t, store, 'm/');
  const running = a.begin(program, '-q', ...args(a));
  await until('some projects are published', () => putsOf(a, 'web/simple/new') >= 8);
  running.kill('SIGKILL');
  t.match(await running.ended, { code: 'SIGKILL' });
  t.match(await b.call(pep381run, ...args(b)), { code: 0, stdout: /stands by/, stderr: '' });
  b.moveStore(19);
  const taken = await b.call(pep381run, ...args(b));
  t.match(taken, { code: 0, stderr: /this machine takes over/ });
  t.match(taken.stdout, /projects published/);
  t.equal((await objectsIn(bucket, 'web/simple/new')).size, 12 * 4);
  t.same(await b.call(pep381checkfiles, '-q', b.target), quiet);
  const copy = join(t.testdirName, 'served');
  await download(bucket, join(copy, 'web'));
  t.same(readerProblems(join(copy, 'web')), []);
});

t.test(
  'a machine that stood still publishes nothing when it goes on',
  { ...needed, ...faketimeOrReason() },
  async (t) => {
    t.testdir();
    const server = await openSampleServer({ index: smallIndex() });
    t.teardown(() => server.close());
    for (const hold of someCases(['everything', 'files'] as const, 2)) {
      // Pages on a disk are there sooner than files in a bucket.
      const count = hold === 'files' ? 40 : 12;
      const store = await openObjectStore(t);
      const [a, b] = [
        await openMachine(t, `a-${hold}`, { store, hold, hasClock: true }),
        await openMachine(t, `b-${hold}`, { store, hold }),
      ];
      const args = (machine: { readonly target: string }) => ['--all', '--upstream', server.url, machine.target];
      t.same(await a.call(pep381run, '-q', ...args(a)), quiet);
      for (let at = 0; at < count; at += 1) server.index.publish(makeWheel({ name: `${hold}${at}`, version: '1.0' }));
      const bucket = openTestBucket(t, store, 'm/');
      a.requests.length = 0;
      const running = a.begin(program, '-q', ...args(a));
      await until('some projects are published', () => putsOf(a, 'web/') >= 10);
      running.kill('SIGSTOP');
      b.moveStore(19);
      const taken = { code: 0, stdout: /projects published/, stderr: /this machine takes over/ };
      t.match(await b.call(pep381run, ...args(b)), taken);
      const published = await objectsIn(bucket);
      a.clock?.move('+20m');
      a.moveStore(20);
      running.kill('SIGCONT');
      const { code, stderr } = await running.ended;
      t.equal(code, 4);
      t.match(stderr, /^pep381run: error: s3:\/\/bucket-\d+\/m\/ at \S+: the lease (?:has ended|was lost)/);
      t.same(await objectsIn(bucket), published, 'not one byte arrives');
      if (hold === 'everything') {
        t.equal((await objectsIn(bucket, `web/simple/${hold}`)).size, count * 4);
        const copy = join(t.testdirName, 'served');
        await download(bucket, join(copy, 'web'));
        t.same(readerProblems(join(copy, 'web')), []);
      }
      // What its disk was about to get at that moment is all that it gets.
      const pages = existsSync(join(a.target, 'web/simple')) ? readdirSync(join(a.target, 'web/simple')) : [];
      t.ok(pages.filter((name) => name.startsWith(hold)).length < count);
      t.same(await b.call(pep381checkfiles, '-q', b.target), quiet);
    }
  },
);

t.test('with pages on the disk, the machine that takes over makes its own', onlyEvery(needed), async (t) => {
  t.testdir();
  const store = await openObjectStore(t);
  const server = await openSampleServer({ index: smallIndex() });
  t.teardown(() => server.close());
  const open = (name: string) => openMachine(t, name, { store, hold: 'files' });
  const [a, b] = [await open('a'), await open('b')];
  const args = (machine: { readonly target: string }) => ['--all', '--upstream', server.url, machine.target];
  t.match(await a.run(program, '-q', ...args(a)), quiet);
  const files = await objectsIn(openTestBucket(t, store, 'm/'), 'web/');
  t.same(await b.run(program, '-q', ...args(b)), quiet);
  b.moveStore(19);
  const taken = await b.run(program, ...args(b));
  t.match(taken, {
    code: 0,
    stderr: /it comes from another machine; the pages of 3 projects are made anew on this one/,
  });
  t.same(await objectsIn(openTestBucket(t, store, 'm/'), 'web/'), files, 'no file is fetched again');
  const pageOf = ({ target }: { readonly target: string }, page: string): string =>
    readFileSync(join(target, 'web', page), 'utf8');
  for (const page of ['simple/alpha/index.v1_json', 'simple/index.html'])
    t.equal(pageOf(b, page), pageOf(a, page), page);
  t.same(await b.run(checkfiles, '-q', b.target), quiet);
  t.match(await b.run(program, ...args(b)), { code: 0, stderr: '', stdout: /^0 projects/ });
});

t.test('a lost state comes back from the copy, and a copied target is another owner', needed, async (t) => {
  t.testdir();
  const store = await openObjectStore(t);
  const server = await openSampleServer({ index: smallIndex() });
  t.teardown(() => server.close());
  const a = await openMachine(t, 'a', { store });
  const args = ['--all', '--upstream', server.url];
  t.match(await a.call(pep381run, '-q', ...args, a.target), quiet);
  const published = await objectsIn(openTestBucket(t, store, 'm/'), 'web/simple/');
  for (const name of readdirSync(a.target).filter((name) => name.startsWith('state.db'))) rmSync(join(a.target, name));
  t.match(await a.call(pep381run, '-q', ...args, a.target), {
    code: 0,
    stderr: /^pep381run: Warning: \S+state\.db: restored from copy 1 of [\d-]+ [\d:]+ UTC in the bucket \([^;]*\)\n$/,
  });
  t.same(await objectsIn(openTestBucket(t, store, 'm/'), 'web/simple/'), published);
  const copy = `${a.target}-copy`;
  cpSync(a.target, copy, { recursive: true });
  t.match(await a.call(pep381run, ...args, copy), { code: 0, stdout: /or one that this is a copy of, publishes/ });
  t.same(await a.call(pep381run, '-q', ...args, a.target), quiet);
  t.match(await a.call(pep381run, '--restore', 'alpha', copy), { code: 2, stderr: /publishes; .*; restore there\n$/ });
});

t.test('a takeover that is killed at any moment is completed by the next run', onlyEvery(needed), async (t) => {
  t.testdir();
  const store = await openObjectStore(t);
  const server = await openSampleServer({ index: smallIndex() });
  t.teardown(() => server.close());
  const a = await openMachine(t, 'a', { store });
  const args = (machine: { readonly target: string }) => ['-q', '--all', '--upstream', server.url, machine.target];
  t.match(await a.run(program, ...args(a)), quiet);
  const bucket = openTestBucket(t, store, 'm/');
  const requests = [
    'PUT lease.json',
    'GET state/manifest.json.gz',
    'GET state/1-1',
    'GET web/simple/index.html',
    'GET web/last-modified',
  ];
  for (const [at, request] of someCases(requests, 2).entries()) {
    const b = await openMachine(t, `b${at}`, { store });
    b.moveStore(19 * (at + 1));
    server.index.publish(makeWheel({ name: `more${at}`, version: '1.0' }));
    const running = b.begin(program, ...args(b));
    await until(request, () => b.requests.some((asked) => asked.startsWith(request)));
    running.kill('SIGKILL');
    await running.ended;
    b.restart();
    t.match(await b.run(program, ...args(b)), { code: 0 }, request);
    t.ok((await objectsIn(bucket)).has(`web/simple/more${at}/index.html`), request);
    t.same(await b.run(checkfiles, '-q', b.target), quiet, request);
  }
});

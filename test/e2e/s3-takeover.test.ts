/** A mirror in a bucket that several machines could publish. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { faketimeOrReason } from '../fixtures/faketime.ts';
import { objectStoreOrReason, openObjectStore } from '../fixtures/object-store.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeWheel } from '../sample/distributions.ts';
import { openSampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { until } from './program.ts';
import { objectsIn, openMachine, openTestBucket } from './s3-machines.ts';

const bundle = await openBundle();
const [program, checkfiles, processlogs] = ['pep381run', 'pep381checkfiles', 'processlogs'].map((name) =>
  join(bundle, name),
) as [string, string, string];
const needed = objectStoreOrReason();
const quiet = { code: 0, stdout: '', stderr: '' };

t.test('a stand-by does nothing, and takes over where the other machine ended', needed, async (t) => {
  t.testdir();
  const store = await openObjectStore(t);
  const server = await openSampleServer({ index: smallIndex() });
  t.teardown(() => server.close());
  const [a, b] = [await openMachine(t, 'a', { store }), await openMachine(t, 'b', { store })];
  const args = (machine: { readonly target: string }) => ['--all', '--upstream', server.url, machine.target];
  const bucket = openTestBucket(t, store);
  t.match(await a.run(program, ...args(a)), { code: 0, stderr: '' });
  const published = await objectsIn(bucket);
  t.ok(published.has('web/simple/alpha/index.html'));
  t.ok(published.has('state/manifest.json.gz'));
  server.requests.length = 0;
  t.match(await b.run(program, ...args(b)), {
    code: 0,
    stdout:
      /^s3:\/\/bucket-\d+\/m\/ at \S+: another target on \S+, or one that this is a copy of, publishes; this machine stands by, and takes over if nothing is heard of it until [\d-]+ [\d:]+ UTC\n$/,
    stderr: '',
  });
  t.same(await b.run(program, '-q', ...args(b)), quiet);
  t.equal(server.requests.length, 0);
  t.same(await objectsIn(bucket), published);

  server.index.publish(makeWheel({ name: 'delta', version: '1.0' }));
  b.moveStore(18);
  t.same(await b.run(program, '-q', ...args(b)), quiet, 'not yet');
  b.moveStore(19);
  const taken = await b.run(program, ...args(b));
  t.match(taken, {
    code: 0,
    stderr:
      /: another target.* was last heard of at .*; this machine takes over\n.*: restored from copy 1 of .* in the bucket/,
  });
  t.notMatch(taken.stderr, /older than|looked at again/);
  t.match(taken.stdout, /1 project/);
  const after = await objectsIn(bucket);
  t.ok(after.has('web/simple/delta/index.html'));
  t.equal(after.get('web/simple/alpha/index.html'), published.get('web/simple/alpha/index.html'));
  t.same(await b.run(checkfiles, '-q', '--repair', b.target), quiet);

  // The first machine is back.
  server.requests.length = 0;
  b.moveStore(0);
  t.match(await a.run(program, ...args(a)), { code: 0, stdout: /stands by/, stderr: '' });
  t.match(await a.run(checkfiles, '--repair', a.target), { code: 0, stdout: /stands by/, stderr: '' });
  t.match(await a.run(processlogs, a.target, '/dev/null'), { code: 0, stdout: /stands by/, stderr: '' });
  t.equal(server.requests.length, 0);
  a.moveStore(19);
  server.index.publish(makeWheel({ name: 'epsilon', version: '1.0' }));
  t.match(await a.run(program, '-q', ...args(a)), {
    code: 0,
    stderr: /restored from copy 2 .*; the older one is \S+state\.db\.before-\S+, and may be removed\n$/,
  });
  t.ok((await objectsIn(bucket)).has('web/simple/epsilon/index.html'));
  t.ok(readdirSync(a.target).some((name) => name.startsWith('state.db.before-')));
  t.same(await a.run(checkfiles, '-q', a.target), quiet);
});

/** The pages for people: when runs and checks make them, and whose pages they leave alone. */
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { siteState } from '../../src/state/mirror-state.ts';
import { SqliteStateStore } from '../../src/state/sqlite/sqlite-state-store.ts';
import { change } from '../../src/state/state-section.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeWheel } from '../sample/distributions.ts';
import { openBundle } from './bundle.ts';
import { openMirrored, openSample } from './opened-sample.ts';
import { run, until } from './program.ts';
import { checkHere, runHere } from './run-here.ts';
import { untouchedTree } from './tree.ts';

const dist = await openBundle();
const program = join(dist, 'pep381run');
const checker = join(dist, 'pep381checkfiles');

const paths = [
  'index.html',
  'not-found.html',
  'status/index.html',
  'local-stats/index.html',
  'site.css',
  'site.js',
  'site.svg',
];

function sitesOf(target: string): Record<string, string | undefined> {
  const tree = untouchedTree(join(target, 'web'));
  return Object.fromEntries(paths.map((path) => [path, tree[path]]));
}

function textOf(target: string, path: string): string {
  const file = join(target, 'web', path);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** Makes the pages `ms` milliseconds older, as far as the state knows. */
function agePages(target: string, ms: number): void {
  const state = new SqliteStateStore(join(target, 'state.db'), new FakeClock());
  const { pages } = state.get(siteState);
  if (pages !== undefined) state.set(change(siteState, { pages: { ...pages, at: pages.at - ms } }));
  state.close();
}

t.test('a run that changes nothing leaves the pages alone for an hour', async (t) => {
  const { server, target, mirror, mirrorHere } = await openMirrored(t, program, smallIndex);
  const first = sitesOf(target);
  t.same(Object.keys(first), paths);
  t.match(textOf(target, 'status/index.html'), /class="verdict">All is well: everything 127\.0\.0\.1:\d+ had on /);
  t.match(textOf(target, 'index.html'), /<h1>Mirror of 127\.0\.0\.1:\d+<\/h1>/);
  t.match(textOf(target, 'index.html'), /<a href="local-stats\/">Statistics<\/a>/);
  t.match(textOf(target, 'local-stats/index.html'), /No downloads have been counted yet/);

  t.equal((await mirrorHere('-q')).code, 0);
  t.same(sitesOf(target), first, 'nothing was written');
  agePages(target, 3_600_000);
  t.equal((await mirrorHere('-q')).code, 0);
  const later = sitesOf(target);
  t.not(later['status/index.html'], first['status/index.html'], 'an hour later they are renewed');
  t.same([later['site.css'], later['not-found.html']], [first['site.css'], first['not-found.html']]);

  server.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  t.equal((await mirror('-q')).code, 0);
  t.match(textOf(target, 'status/index.html'), /1 project published/, 'after a change at once');
  t.match(textOf(target, 'status/index.html'), /The last 4 runs and how long each took/);

  const off = server.faults.add({ do: 'status', match: /.*/, status: 503 });
  const { code } = await mirrorHere('-q');
  t.match(
    textOf(target, 'status/index.html'),
    code === 3 ? /upstream was not reached/ : /failed/,
    'and after a failure',
  );
  off();
});

t.test('what an administrator has put in place of a page stays', async (t) => {
  const { server, target, mirror, mirrorHere } = await openSample(t, program, smallIndex());
  mkdirSync(join(target, 'web/status'), { recursive: true });
  writeFileSync(join(target, 'web/status/index.html'), 'my own status');
  writeFileSync(
    join(target, 'web/index.html'),
    '<h1>Mirror of x</h1><li><a href="last-modified">Start of the last complete run (UTC)</a></li>',
  );
  t.equal((await mirror('-q')).code, 0);
  t.equal(textOf(target, 'status/index.html'), 'my own status');
  t.match(textOf(target, 'index.html'), 'Install from here', 'the page of an earlier version is replaced');

  const mine = textOf(target, 'index.html')
    .replace(/<!-- .*? -->\n/, '')
    .replace('<h1>', '<h1>My ');
  writeFileSync(join(target, 'web/index.html'), mine);
  writeFileSync(join(target, 'web/site.css'), 'body { color: black }');
  server.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  t.equal((await mirrorHere('-q')).code, 0);
  t.equal(textOf(target, 'index.html'), mine);
  t.equal(textOf(target, 'site.css'), 'body { color: black }');
  t.match(await checkHere('--delete-unreferenced', target), { code: 0, stderr: '' });
  t.equal(textOf(target, 'status/index.html'), 'my own status');
  rmSync(join(target, 'web/index.html'));
  agePages(target, 3_600_000);
  t.equal((await mirrorHere('-q')).code, 0);
  t.match(textOf(target, 'index.html'), '<h1>Mirror of ', 'what was taken away comes again');
});

t.test('the pages are there during the first run', async (t) => {
  const sample = await openSample(t, program, smallIndex());
  const { server, target } = sample;
  const off = server.faults.add({ do: 'stall', match: /\.whl$/ });
  const first = sample.begin('-q');
  await until('the status page', () => textOf(target, 'status/index.html') !== '');
  t.match(textOf(target, 'status/index.html'), /class="verdict">Under way: the first run fills the mirror; /);
  t.match(textOf(target, 'index.html'), 'Install from here');
  off();
  first.kill('SIGTERM');
  t.equal((await first.ended).code, 143);
  t.match(textOf(target, 'status/index.html'), /class="verdict">Needs a look: the first run was paused\./);
  t.equal((await sample.mirrorHere('-q')).code, 0);
  t.match(textOf(target, 'status/index.html'), 'All is well');
});

t.test('a check shows what it found', async (t) => {
  const { target } = await openMirrored(t, program, smallIndex);
  t.match(textOf(target, 'status/index.html'), 'No check has come to its end so far');
  t.equal((await run(checker, ['-q', target])).code, 0);
  t.match(textOf(target, 'status/index.html'), /all of the mirror \([^)]+\) was checked: nothing wrong/);
  writeFileSync(join(target, 'web/simple/alpha/index.html'), 'damaged');
  t.equal((await checkHere('-q', target)).code, 1);
  t.match(
    textOf(target, 'status/index.html'),
    /class="verdict">Needs a look: the check on [^<]+ found \d+ things? wrong/,
  );
});

t.test('what lies in the way of a page costs that page alone, and a warning', async (t) => {
  const { target, server, mirrorHere } = await openSample(t, program, smallIndex());
  mkdirSync(join(target, 'web/index.html'), { recursive: true });
  writeFileSync(join(target, 'web/status'), 'mine');
  const told = /^Warning: web\/status: lies in the way of a page for people, and is left alone; move it away$/gm;
  const first = await mirrorHere();
  t.equal(first.code, 0);
  t.equal(first.stderr.match(told)?.length, 1, first.stderr);
  t.match(first.stderr, 'Warning: web/index.html: lies in the way');
  t.equal(readFileSync(join(target, 'web/status'), 'utf8'), 'mine');
  t.match(textOf(target, 'not-found.html'), '<h1>Not here</h1>', 'the others are there');
  rmSync(join(target, 'web/status'));
  symlinkSync('/tmp', join(target, 'web/status'));
  server.index.publish(makeWheel({ name: 'later', version: '1.0' }));
  t.same(await mirrorHere('-q'), { code: 0, stdout: '', stderr: '' });
  t.ok(existsSync(join(target, 'web/simple/later/index.html')));
  rmSync(join(target, 'web/status'));
  rmSync(join(target, 'web/index.html'), { recursive: true });
  server.index.publish(makeWheel({ name: 'latest', version: '1.0' }));
  t.same(await mirrorHere('-q'), { code: 0, stdout: '', stderr: '' });
  t.match(textOf(target, 'status/index.html'), 'All is well');
});

t.test('what a check of a share found stays on the pages and in the probe when the next share is right', async (t) => {
  const { target, mirrorHere } = await openMirrored(t, program, smallIndex);
  const metrics = join(target, '../pep381.prom');
  writeFileSync(join(target, 'mirror.toml'), `metrics-file = "${metrics}"\n`);
  rmSync(join(target, 'web/simple/alpha/index.html'));
  const codes = [];
  for (const share of ['1/2', '2/2']) codes.push((await checkHere('-q', '--subset', share, target)).code);
  t.same([...codes].sort(), [0, 1], 'one of them holds the damaged page');
  // The damaged share first, then the other one.
  const [damaged, right] = codes[0] === 1 ? ['1/2', '2/2'] : ['2/2', '1/2'];
  t.equal((await run(checker, ['-q', '--subset', damaged, target])).code, 1);
  const lastCheck = (member: 'findings' | 'earlier-findings' = 'findings'): unknown =>
    (JSON.parse(textOf(target, 'mirror-status.json')) as { 'last-check': Record<string, number> })['last-check'][
      member
    ];
  const probe = () => runHere('--status', '--check', '--warning', 'free=off', '--critical', 'free=off', target);
  const findings = lastCheck();
  t.ok(Number(findings) > 0, 'the status has it before the next run');
  t.equal((await checkHere('-q', '--subset', right, target)).code, 0);
  t.equal(lastCheck(), 0);
  t.equal(lastCheck('earlier-findings'), findings);
  t.match(await probe(), {
    code: 1,
    stdout: /WARNING - checks of other shares found damage within a week: \d finding/,
  });
  t.match(
    textOf(target, 'status/index.html'),
    /class="verdict">Needs a look: the check on .* found \d things? wrong\./,
  );
  t.match(textOf(target, 'status/index.html'), `<li>Share ${damaged[0]} of 2, checked on `);
  t.match(readFileSync(metrics, 'utf8'), new RegExp(`^pep381_damaged_shares_findings\\{.*\\} ${findings}$`, 'm'));
  t.equal((await mirrorHere('-q')).code, 0);
  t.equal((await checkHere('-q', '--subset', damaged, target)).code, 0);
  t.match(textOf(target, 'status/index.html'), 'class="verdict">All is well');
  t.match(await probe(), { code: 0 });
  t.match(readFileSync(metrics, 'utf8'), /^pep381_damaged_shares_findings\{.*\} 0$/m);
});

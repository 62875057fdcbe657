/** A first run for an index that cannot fit on the disk stops, and names three ways to begin smaller. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import { readerProblems, treeOf } from '../fixtures/reader-check.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import type { SampleIndex } from '../sample/sample-index.ts';
import { openBundle } from './bundle.ts';
import { type OpenedSample, openSample } from './opened-sample.ts';
import { run } from './program.ts';
import { runHere } from './run-here.ts';
import { openSmallDisk, smallDiskOrReason } from './small-disk.ts';

const program = join(await openBundle(), 'pep381run');

/** An index that says it has 100 TB, although it is small. */
async function openHuge(
  t: Test,
  body: string = JSON.stringify({ total_packages_size: 100e12 }),
  index?: SampleIndex,
): Promise<OpenedSample> {
  const opened = await openSample(t, program, index);
  opened.server.faults.add({ do: 'body', body, contentType: 'application/json', match: /\/stats\/?$/ });
  return opened;
}

function configure(target: string, toml: string): void {
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'mirror.toml'), toml);
}

t.test('an index that cannot fit is not mirrored, and the message has three configurations that work', async (t) => {
  const { server, target, mirror, mirrorHere } = await openHuge(t);
  const { code, stdout, stderr } = await mirror();
  t.equal(code, 4);
  t.equal(stdout, '');
  const [first = ''] = stderr.split('\n');
  t.match(
    first,
    /^pep381run: error: http:\S+ has 91 TiB of files, and [^\n]+ has room for [\d.]+ [GMT]iB; write into [^\n]+mirror\.toml /,
  );
  t.match(first, '--all');
  t.same(
    server.requests.map(({ path }) => path),
    ['/stats/'],
  );
  t.same(treeOf(join(target, 'web')), ['mirror-status.json'], 'no page');
  t.same((await mirrorHere('-q')).stderr.split('\n')[0], first, 'cron is told the same');

  const requirements = join(t.testdirName, 'requirements.txt');
  writeFileSync(requirements, 'sample-app==1.0\n');
  const blocks = stderr.split(/\n\n/).filter((block) => /^ {2}\S/.test(block));
  t.equal(blocks.length, 3);
  for (const [at, block] of blocks.entries()) {
    const toml = block
      .replaceAll('/srv/app/requirements.txt', requirements)
      .replaceAll('["flask", "numpy"]', '["sample-app", "sample-pure"]');
    const other = join(target, '..', `copied-${at}`);
    configure(other, toml);
    server.requests.length = 0;
    t.same(await runHere('-q', '--upstream', server.url, other), { code: 0, stdout: '', stderr: '' }, block);
    t.same(readerProblems(join(other, 'web')), []);
    t.notOk(
      server.requests.some(({ path }) => path === '/stats/'),
      'and no question',
    );
    const names = readdirSync(join(other, 'web/simple'));
    t.ok(names.includes('sample-base'), 'with what is required');
  }
});

t.test('--all goes on, and need not be given again', async (t) => {
  const { server, mirror, mirrorHere, target } = await openHuge(t, undefined, smallIndex());
  t.same(await mirror('-q', '--all', '--project', 'alpha'), { code: 0, stdout: '', stderr: '' });
  server.requests.length = 0;
  t.same(await mirrorHere('-q'), { code: 0, stdout: '', stderr: '' });
  t.notOk(server.requests.some(({ path }) => path === '/stats/'));
  t.same(readerProblems(join(target, 'web')), []);
});

t.test('a mirror with a choice of projects goes on without a question', async (t) => {
  const { server, target, mirrorHere } = await openHuge(t, undefined, smallIndex());
  const rows: readonly (readonly [string, string, readonly string[]])[] = [
    ['a policy', '[releases]\nkeep = 1\n', []],
    ['pages alone', 'index-only = true\n', []],
    ['pages alone, by a flag', '', ['--index-only']],
    ['a project', '', ['--project', 'alpha']],
  ];
  for (const [what, toml, options] of rows) {
    const other = join(target, '..', what);
    configure(other, toml);
    t.equal((await runHere('-q', ...options, '--upstream', server.url, other)).code, 0, what);
  }
  t.notOk(server.requests.some(({ path }) => path === '/stats/'));
  t.equal((await mirrorHere('-q')).code, 4, 'the others are');
});

t.test('an index that does not say how large it is is mirrored', async (t) => {
  const { mirrorHere } = await openHuge(t, '<html>', smallIndex());
  t.same(await mirrorHere('-q', '--workers', '50'), { code: 0, stdout: '', stderr: '' });
});

t.test(
  'a disk that is too small is never filled: projects that fit are held, and the rest is reported',
  smallDiskOrReason(),
  async (t) => {
    const disk = openSmallDisk(t, '2500k');
    const { server } = await openSample(t, program);
    const target = join(disk.folder, 'target');
    configure(target, `upstream = "${server.url}"\n[[rule]]\nprojects = ["*"]\n[budget]\nreserve = "500kB"\n`);
    const { code, stdout, stderr } = await run(program, [target]);
    t.equal(code, 1);
    t.match(
      stdout + stderr,
      /sample-large: needs [23]\.\d MiB more: the disk has [\d.]+ [KM]?i?B free beyond the reserve of 488 KiB/,
    );
    t.same(readerProblems(join(target, 'web')), []);
    t.notOk(existsSync(join(target, 'web/simple/sample-large')));
    t.ok(existsSync(join(target, 'web/simple/sample-yanked')));
    disk.remount('size=40m');
    // Hours later, for a project that did not fit is not tried in every run.
    const later = new Database(join(target, 'state.db'));
    later.exec('UPDATE queue SET next_try = 0');
    later.close();
    t.same(await runHere('-q', target), { code: 0, stdout: '', stderr: '' });
    t.ok(existsSync(join(target, 'web/simple/sample-large')));
    t.same(readerProblems(join(target, 'web')), []);
  },
);

/** The settings of mirror.toml do what they say, and a flag beats them. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { readerProblems } from '../fixtures/reader-check.ts';
import { openBundle } from './bundle.ts';
import { type OpenedSample, openSample } from './opened-sample.ts';
import { type Ended, run } from './program.ts';
import { runHere } from './run-here.ts';
import { publishedTree, treeOf } from './tree.ts';

const program = join(await openBundle(), 'pep381run');

t.test(
  'upstream, projects and workers can be set in mirror.toml, so that cron need only name the target',
  async (t) => {
    const { server, target, alone } = await openConfigured(t, (url) => [
      `upstream = "${url}/simple/"`,
      'projects = ["Sample_Base", "sample-platform"]',
      'workers = 2',
    ]);
    server.faults.add({ do: 'delay', ms: 20 });
    t.same(await alone('-q'), { code: 0, stdout: '', stderr: '' });
    t.same(readerProblems(join(target, 'web')), []);
    t.same(pagesOf(target), ['sample-base', 'sample-platform']);
    t.equal(server.traffic.peakRequests, 2, 'two connections at a time');
  },
);

t.test('an option overrides mirror.toml', async (t) => {
  const { server, target, alone, aloneHere } = await openConfigured(t, (url) => [
    `upstream = "${url}"`,
    'projects = ["sample-base", "sample-platform", "sample-pure"]',
    'workers = 1',
    'index-only = false',
    'log-format = "json"',
  ]);
  server.faults.add({ do: 'delay', ms: 100, match: /\/packages\// });
  const { code, stdout } = await alone('--project', 'sample-platform', '--workers', '5', '--log-format', 'text');
  t.equal(code, 0);
  t.match(stdout, /^Synchronizing sample-platform\n/);
  t.same(pagesOf(target), ['sample-platform']);
  t.ok(server.traffic.peakRequests > 1);
  t.equal((await aloneHere('-q', '--index-only', '--project', 'sample-pure')).code, 0);
  t.match(pageOf(target, 'sample-pure').files[0]?.url, /^http:/);
});

t.test('--project syncs that project only, and projects in mirror.toml decides what is held', async (t) => {
  const { server, target, aloneHere } = await openConfigured(t, (url) => [
    `upstream = "${url}"`,
    'projects = ["sample-base", "sample-pure"]',
  ]);
  t.equal((await aloneHere('-q', '--project', 'sample-base')).code, 0);
  t.same(pagesOf(target), ['sample-base']);
  t.equal((await aloneHere('-q', '--project', 'sample-platform')).code, 0);
  t.same(pagesOf(target), ['sample-base'], 'what is not held stays away, whoever looks at it');
  t.equal((await aloneHere('-q')).code, 0);
  t.same(pagesOf(target), ['sample-base', 'sample-pure']);
  configure(target, [`upstream = "${server.url}"`, 'projects = ["sample-pure>=0.1"]']);
  t.equal((await aloneHere('-q')).code, 0);
  t.same(pagesOf(target), ['sample-pure'], 'what is named no more goes');
  t.same(readerProblems(join(target, 'web')), []);
});

t.test('log-format = "json" makes a log of objects', async (t) => {
  const { aloneHere } = await openConfigured(t, (url) => [`upstream = "${url}"`, 'log-format = "json"']);
  const { code, stdout } = await aloneHere('--project', 'sample-pure');
  t.equal(code, 0);
  for (const line of stdout.trimEnd().split('\n')) t.equal(typeof JSON.parse(line).type, 'string');
});

t.test('index-only and base-url change the pages of an existing mirror', async (t) => {
  const { server, target, aloneHere } = await openConfigured(t, (url) => [`upstream = "${url}"`]);
  await aloneHere('-q', '--project', 'sample-provenance');
  const provenance = (): (string | null | undefined)[] =>
    pageOf(target, 'sample-provenance').files.map(({ provenance }) => provenance);
  for (const url of provenance()) t.ok(url?.startsWith(`${server.url}/integrity/`), 'upstream’s own at first');

  configure(target, [`upstream = "${server.url}"`, 'base-url = "https://mirror.example.org/pypi/"']);
  t.equal((await aloneHere('-q', '--project', 'sample-provenance')).code, 0);
  for (const url of provenance()) t.match(url, /^https:\/\/mirror\.example\.org\/pypi\/packages\/.*\.provenance$/);
  t.same(readerProblems(join(target, 'web')), []);

  configure(target, [`upstream = "${server.url}"`, 'index-only = true']);
  t.equal((await aloneHere('-q', '--project', 'sample-provenance')).code, 0);
  for (const { url } of pageOf(target, 'sample-provenance').files) t.ok(url.startsWith(`${server.url}/packages/`));
});

t.test('contact is sent to the index, and not to the host of the files', async (t) => {
  const { server, aloneHere } = await openConfigured(t, (url) => [
    `upstream = "${url}"`,
    'contact = "https://example.org/mirror; admin@example.org"',
  ]);
  t.equal((await aloneHere('-q', '--project', 'sample-pure')).code, 0);
  for (const { path, headers } of server.requests) {
    const contact = path.startsWith('/packages/') ? '' : ' \\(\\+https://example\\.org/mirror; admin@example\\.org\\)';
    t.match(headers['user-agent'], new RegExp(`^pep381client/\\d+\\.\\d+\\.\\d+${contact}$`), path);
  }
});

t.test('files from a host that file-hosts does not name are refused', async (t) => {
  const { server, target, aloneHere } = await openConfigured(t, (url) => [`upstream = "${url}"`]);
  const file = server.index.find('sample-pure')?.files.values().next().value;
  const page = {
    meta: { 'api-version': '1.0' },
    name: 'sample-pure',
    files: [
      {
        filename: file?.filename,
        url: `http://localhost:${new URL(server.url).port}${file?.path}`,
        hashes: { sha256: file?.sha256 },
      },
    ],
  };
  server.faults.add({ do: 'body', match: /\/simple\/sample-pure\/$/, body: JSON.stringify(page) });
  const only = ['-q', '--project', 'sample-pure'];
  const refused = await aloneHere(...only);
  t.equal(refused.code, 1);
  t.match(refused.stderr, 'are not allowed (see file-hosts in mirror.toml)');
  t.same(treeOf(join(target, 'web/packages')), {});

  const other = await openSample(t, program);
  configure(other.target, [`file-hosts = ["localhost:${new URL(server.url).port}"]`]);
  const allowed = await runHere(...only, '--upstream', server.url, other.target);
  t.same(allowed, { code: 0, stdout: '', stderr: '' });
  t.ok(Object.keys(publishedTree(other.target)).includes(file?.path.slice(1) ?? ''));
});

interface Configured extends OpenedSample {
  /** Runs pep381run with these options and the target, and nothing else. */
  alone(...options: string[]): Promise<Ended>;
  /** Does the same in this process. */
  aloneHere(...options: string[]): Promise<Ended>;
}

/** A target whose mirror.toml holds the lines made from upstream's address. */
async function openConfigured(t: Test, lines: (url: string) => readonly string[]): Promise<Configured> {
  const opened = await openSample(t, program);
  configure(opened.target, lines(opened.server.url));
  return {
    ...opened,
    alone: (...options) => run(program, [...options, opened.target]),
    aloneHere: (...options) => runHere(...options, opened.target),
  };
}

function configure(target: string, lines: readonly string[]): void {
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'mirror.toml'), `${lines.join('\n')}\n`);
}

function pagesOf(target: string): string[] {
  return Object.keys(treeOf(join(target, 'web/simple'))).flatMap(
    (path) => /^([^/]+)\/index\.html$/.exec(path)?.[1] ?? [],
  );
}

function pageOf(target: string, name: string): { files: { url: string; provenance?: string | null }[] } {
  return JSON.parse(readFileSync(join(target, 'web/simple', name, 'index.v1_json'), 'utf8'));
}

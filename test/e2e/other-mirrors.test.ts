/**
 * bandersnatch 8 and shadowmire 2 as mirrors of a mirror: behind the shipped virtual host, from the legacy JSON. Their
 * requests were recorded with bandersnatch 8.0.0 and shadowmire 2.0.0.dev0 (e2c2b8a), and are asked here in their words; where
 * the programs themselves are installed, or named by BANDERSNATCH and SHADOWMIRE, they are run, too.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ask, type Reply } from '../apache/ask.ts';
import { type Apache, apacheOrReason, openApache } from '../fixtures/apache.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { makeSdist, makeWheel } from '../sample/distributions.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { openBundle } from './bundle.ts';
import { type OpenedSample, openSample } from './opened-sample.ts';
import { run } from './program.ts';

const program = join(await openBundle(), 'pep381run');

interface Site {
  readonly sample: OpenedSample;
  readonly apache: Apache;
  /** The index changes, and the mirror follows. */
  change(what: (index: SampleIndex) => void): Promise<void>;
  get(path: string, accept?: string): Promise<Reply>;
}

async function openSite(t: Test): Promise<Site> {
  const index = new SampleIndex();
  for (const version of ['1.0', '2.0']) {
    index.publish(makeSdist({ name: 'Foo.Bar', version }));
    index.publish(makeWheel({ name: 'Foo.Bar', version, requiresPython: '>=3.9' }));
  }
  for (let at = 0; at < 9; at += 1) index.publish(makeWheel({ name: `other-${at}`, version: '1.0' }));
  const sample = await openSample(openToAll(t), program, index);
  mkdirSync(join(sample.target, 'web'), { recursive: true });
  const apache = await openApache({ target: sample.target });
  t.teardown(() => apache.close());
  writeFileSync(join(sample.target, 'mirror.toml'), `legacy-json = true\nbase-url = "${apache.url}"\n`);
  const mirror = async (): Promise<void> => {
    t.same(await sample.mirrorHere('-q'), { code: 0, stdout: '', stderr: '' });
  };
  await mirror();
  return {
    sample,
    apache,
    change: (what) => {
      what(index);
      return mirror();
    },
    get: (path, accept = '*/*') => ask(apache.url, path, { headers: { Accept: accept } }),
  };
}

/** What changes after the first run of the other program. */
function changeAll(index: SampleIndex): void {
  index.publish(makeWheel({ name: 'Foo.Bar', version: '3.0' }));
  index.removeProject('other-1');
  index.quarantine('other-2');
  index.yank('other-3', '1.0', 'broken');
}

function jsonOf(reply: Reply) {
  return JSON.parse(reply.body.toString());
}

/** A command that is there, or why a test of it is skipped. */
function installed(name: string): { readonly command: string; readonly skip: false | string } {
  const command = process.env[name.toUpperCase()] ?? name;
  const isThere = spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
  const without = apacheOrReason().skip;
  return { command, skip: without || (isThere ? false : `${name} is not installed: pip install ${name}`) };
}

t.test('the requests of bandersnatch are answered as it needs', apacheOrReason(), async (t) => {
  const { change, get, apache } = await openSite(t);
  let known = 0;
  for (const expected of [10, 3]) {
    const moved = await get('/simple', 'application/vnd.pypi.simple.v1+json');
    t.equal(moved.headers.location, `${apache.url}/simple/`);
    const list = await get('/simple/', 'application/vnd.pypi.simple.v1+json');
    const { projects } = jsonOf(list) as { projects: { name: string; '_last-serial': number }[] };
    const changed = projects.filter(({ '_last-serial': serial }) => serial > known);
    t.equal(changed.length, expected);
    for (const { name, '_last-serial': serial } of changed) {
      const path = `/pypi/${name.toLowerCase().replaceAll('.', '-')}/json`;
      const reply = await get(path);
      t.equal(reply.status, 200, path);
      t.match(reply.headers['content-type'], /^application\/json/);
      t.ok(Number(reply.headers['x-pypi-last-serial']) >= serial, 'it is not stale');
      const { info, last_serial, releases } = jsonOf(reply);
      t.match([info.name, last_serial], [String, serial]);
      for (const file of Object.values(releases).flat() as Record<string, string>[]) {
        t.match(file, { size: Number, yanked: Boolean, digests: { sha256: String }, upload_time_iso_8601: /Z$/ });
        const { url = '' } = file;
        t.match(new URL(url).pathname, /^\/packages\//);
        t.equal((await ask(apache.url, new URL(url).pathname)).status, 200);
        if (file['core-metadata']) t.equal((await ask(apache.url, `${new URL(url).pathname}.metadata`)).status, 200);
      }
    }
    known = Math.max(...projects.map(({ '_last-serial': serial }) => serial));
    if (expected === 10) await change(changeAll);
  }
});

t.test('the requests of shadowmire are answered as it needs', apacheOrReason(), async (t) => {
  const { change, get } = await openSite(t);
  await change(changeAll);
  const remote = jsonOf(await get('/local.json')) as Record<string, number>;
  t.equal(Object.keys(remote).length, 9);
  t.notOk('other-1' in remote);
  t.ok(Number((await get('/local.db.serial')).body.toString()) >= Math.max(...Object.values(remote)));
  for (const [name, serial] of Object.entries(remote)) {
    const { info, last_serial, releases } = jsonOf(await get(`/json/${name}`));
    t.match([info.name, last_serial], [String, serial], 'else it would be fetched again and again');
    const page = await get(`/simple/${name}/index.v1_json`);
    t.equal(page.status, 200);
    for (const { filename, url } of Object.values(releases).flat() as Record<string, string>[]) {
      t.ok(jsonOf(page).files.some((file: { filename: string }) => file.filename === filename));
      t.equal((await get(new URL(url ?? '').pathname)).status, 200);
    }
  }
});

/** The kinds of requests that each program makes, as they were recorded; the tests above make them in its place. */
const recorded = {
  bandersnatch: ['FILE', 'FILE.metadata', '/pypi/NAME/json', '/simple', '/simple/'],
  shadowmire: ['FILE', 'FILE.metadata', '/json/NAME', '/local.db.serial', '/local.json', '/simple/NAME/index.v1_json'],
};

/** The kinds of requests in an access log, and those that were refused. */
function askedFor({ log }: Apache): { readonly kinds: readonly string[]; readonly refused: readonly string[] } {
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  const asked = lines.map((line) => / "(?:GET|HEAD) (\S+) [^"]*" (\d+) /.exec(line) ?? ['', line, '500']);
  const kind = (path: string): string =>
    path.replace(/^\/packages\/.*?(\.metadata)?$/, 'FILE$1').replace(/^(\/(?:pypi|json|simple)\/)[^/]+/, '$1NAME');
  return {
    kinds: [...new Set(asked.map(([, path = '']) => kind(path)))].sort(),
    refused: asked.filter(([, , status]) => Number(status) >= 400).map(([, path = '']) => path),
  };
}

/** The file names on the pages that another program has written, by project. */
function filesIn(simple: string): Record<string, string[]> {
  const names = readdirSync(simple, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return Object.fromEntries(
    names.map(({ name }) => {
      const page = JSON.parse(readFileSync(join(simple, name, 'index.v1_json'), 'utf8')) as {
        files: { filename: string; url: string }[];
      };
      for (const { url } of page.files) t.ok(existsSync(join(simple, name, url)), url);
      return [name, page.files.map(({ filename }) => filename)];
    }),
  );
}

const bandersnatch = installed('bandersnatch');
t.test('bandersnatch mirrors from a mirror', { skip: bandersnatch.skip }, async (t) => {
  const { change, apache, sample } = await openSite(t);
  const home = t.testdir();
  const config = join(home, 'bandersnatch.conf');
  const options = ['allow-non-https = true', 'timeout = 60', 'workers = 2', 'json = false', 'hash-index = false'];
  const more = ['stop-on-error = false', 'storage-backend = filesystem', 'verifiers = 2'];
  writeFileSync(
    config,
    ['[mirror]', `directory = ${home}/mirror`, `master = ${apache.url}`, ...options, ...more, ''].join('\n'),
  );
  const mirror = () => run('-c', [config, 'mirror'], { command: bandersnatch.command });
  const first = await mirror();
  t.equal(first.code, 0, first.stderr);
  const files = filesIn(join(home, 'mirror/web/simple'));
  t.equal(Object.keys(files).length, 10);
  t.match(files['foo-bar'], { length: 4 });
  await change(changeAll);
  const second = await mirror();
  t.equal(second.code, 0, second.stderr);
  const after = filesIn(join(home, 'mirror/web/simple'));
  t.match([after['foo-bar'], after['other-2']], [{ length: 5 }, []], 'what is in quarantine is on its page no more');
  t.notMatch(first.stderr + second.stderr, /ERROR|Traceback/);
  t.same(askedFor(apache), { kinds: recorded.bandersnatch.toSorted(), refused: [] });
  const serial = readFileSync(join(home, 'mirror/status'), 'utf8');
  writeFileSync(join(sample.target, 'mirror.toml'), '');
  await change((index) => index.publish(makeWheel({ name: 'Foo.Bar', version: '4.0' })));
  await mirror();
  t.equal(
    readFileSync(join(home, 'mirror/status'), 'utf8'),
    serial,
    'without legacy JSON it remembers what it has missed',
  );
});

const shadowmire = installed('shadowmire');
t.test('shadowmire mirrors from a mirror', { skip: shadowmire.skip }, async (t) => {
  const { change, apache } = await openSite(t);
  const repo = t.testdir();
  const args = ['--repo', repo, 'sync', '--sync-packages', '--shadowmire-upstream', `${apache.url}/`];
  const sync = () => run(args[0] ?? '', args.slice(1), { command: shadowmire.command });
  const first = await sync();
  t.equal(first.code, 0, first.stderr);
  t.equal(Object.keys(filesIn(join(repo, 'simple'))).length, 10);
  await change(changeAll);
  const second = await sync();
  t.equal(second.code, 0, second.stderr);
  const after = filesIn(join(repo, 'simple'));
  t.notOk('other-1' in after);
  t.match([after['foo-bar'], after['other-2']], [{ length: 5 }, []]);
  t.same(askedFor(apache), { kinds: recorded.shadowmire.toSorted(), refused: [] });
  const before = readFileSync(apache.log, 'utf8').length;
  t.equal((await sync()).code, 0);
  const lines = readFileSync(apache.log, 'utf8').slice(before).trim().split('\n');
  t.equal(lines.length, 2, 'nothing is fetched again');
});

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { fingerprint, treeOf } from '../../../fixtures/reader-check.ts';
import { syncedCopies } from '../../../fixtures/synced-copies.ts';
import { openTestMirror, type TestMirror } from '../../../fixtures/test-mirror.ts';
import { type FileEntry, projectPage } from '../../../sample/pages.ts';

const openSynced = syncedCopies(t);

const folder = `packages/ab/cd/${'0'.repeat(60)}`;

/** What a page must not say of a file that is held, and what is told of it. */
const rejected: readonly [what: string, change: (file: FileEntry, origin: string) => object, reason: RegExp][] = [
  ['a host that is not allowed', (file) => ({ url: file.url.replace('127.0.0.1', 'evil.invalid') }), /not allowed/],
  ['another port of the same host', (file) => ({ url: file.url.replace(/:\d+\//, ':1/') }), /not allowed/],
  ['another scheme', (file) => ({ url: file.url.replace('http:', 'ftp:') }), /not allowed/],
  ['a name and password', (file) => ({ url: file.url.replace('//', '//a:b@') }), /not allowed/],
  ['a local file', () => ({ url: 'file:///etc/passwd' }), /not allowed/],
  ['no URL at all', () => ({ url: 'http://[' }), /not a URL/],
  [
    'a path that climbs in disguise',
    (file, origin) => ({ url: `${origin}/${folder}/%2e%2e%2f%2e%2e%2f${file.filename}` }),
    /expected a URL/,
  ],
  [
    'a folder that PyPI does not use',
    (file, origin) => ({ url: `${origin}/simple/${file.filename}` }),
    /expected a URL/,
  ],
  ['no file name', () => ({ filename: 5 }), /it has no filename/],
  ['a URL that is no text', () => ({ url: 5 }), /it has no url/],
  ['hashes that are a list', () => ({ hashes: [] }), /it has no hashes/],
];

/** What it must not call a file: the page then lists what may be the one that is held, and nothing else. */
const renamed: readonly [what: string, change: (file: FileEntry, origin: string) => object, reason: RegExp][] = [
  [
    'a path that climbs',
    (_, origin) => ({ url: `${origin}/packages/../../../etc/passwd`, filename: 'passwd' }),
    /"passwd": its name does not end as that of a distribution/,
  ],
  ['a file name that climbs', (file) => ({ filename: `../${file.filename}` }), /its name has the character \/ /],
  [
    'a hidden file',
    (_, origin) => ({ url: `${origin}/${folder}/.htaccess`, filename: '.htaccess' }),
    /its name begins with the character \. /,
  ],
  [
    'a page as a file',
    (_, origin) => ({ url: `${origin}/${folder}/index.html`, filename: 'index.html' }),
    /its name does not end/,
  ],
  ['a name other than in the URL', (file) => ({ filename: file.filename.replace('1.0', '1.1') }), /expected a URL/],
];

/** Runs with beta's page altered; nothing of beta may change, everything else goes on. */
async function refuse(t: Test, mirror: TestMirror, alter: () => unknown, reason: RegExp): Promise<void> {
  const before = fingerprint(mirror.web);
  mirror.index.addRole('beta', 'somebody');
  mirror.index.addRole('alpha', 'somebody');
  alter();
  const result = await mirror.runLater();
  t.same([...result.parked], ['beta']);
  t.match(mirror.parkings(), [reason]);
  const after = fingerprint(mirror.web);
  t.same(
    Object.entries(after).filter(([path]) => /beta/.test(path)),
    Object.entries(before).filter(([path]) => /beta/.test(path)),
  );
  t.equal(mirror.page('alpha').meta['_last-serial'], mirror.index.find('alpha')?.serial);
  t.same(mirror.problems(), []);
  t.notOk(mirror.requested().some((path) => path.startsWith('/packages')));
  t.same(treeOf(join(mirror.target, 'trash')), []);
}

/** Runs with the page of beta altered: its file stays as it is, which is told once, and everything else goes on. */
async function leaveOut(t: Test, mirror: TestMirror, alter: () => unknown, reason: RegExp): Promise<void> {
  const [before, entries] = [fingerprint(mirror.web), mirror.page('beta').files];
  mirror.index.addRole('beta', 'somebody');
  mirror.index.addRole('alpha', 'somebody');
  alter();
  t.same([...(await mirror.runLater()).parked], []);
  t.match(
    mirror.eventsOf('alarm').map(({ message }) => message),
    [reason],
  );
  t.match(mirror.eventsOf('alarm')[0]?.message, /^beta: "[ -~]+": .*it is left out/);
  t.same(mirror.page('beta').files, entries);
  t.same(
    Object.entries(fingerprint(mirror.web)).filter(([path]) => /packages.*beta/.test(path)),
    Object.entries(before).filter(([path]) => /packages.*beta/.test(path)),
  );
  for (const name of ['alpha', 'beta']) {
    t.equal(mirror.page(name).meta['_last-serial'], mirror.index.find(name)?.serial);
  }
  t.same(mirror.problems(), []);
  t.notOk(mirror.requested().some((path) => path.startsWith('/packages')));
  t.same(treeOf(join(mirror.target, 'trash')), []);
  t.same([...(await mirror.runLater({ settings: { reconcile: true } })).parked], []);
  t.same(mirror.eventsOf('alarm'), [], 'it is told once');
  t.same(mirror.page('beta').files, entries);
}

for (const [what, change, reason] of rejected) {
  t.test(`a file with ${what} is not followed, and stays as it is`, async (t) => {
    const mirror = await openSynced(t);
    const alter = () => mirror.alterFile('beta', (file) => ({ ...file, ...change(file, mirror.server.url) }));
    await leaveOut(t, mirror, alter, reason);
  });
}

for (const [what, change, reason] of renamed) {
  t.test(`a page with ${what} instead of all held files is not believed, and changes nothing`, async (t) => {
    const mirror = await openSynced(t);
    const alter = () =>
      mirror.alterFile('beta', (file) => ({ hashes: file.hashes, url: file.url, ...change(file, mirror.server.url) }));
    await refuse(t, mirror, alter, reason);
  });
}

t.test('a project cannot list the file of another', async (t) => {
  const mirror = await openSynced(t);
  const alphas = JSON.parse(JSON.stringify(mirror.page('alpha').files)) as { url: string }[];
  const stolen = alphas
    .map((file) => ({ ...file, url: file.url.replace('../../', `${mirror.server.url}/`) }))
    .slice(0, 1);
  const alter = () => mirror.alterPage('beta', (page) => ({ ...page, files: [...page.files, ...stolen] }));
  await leaveOut(t, mirror, alter, /: packages\/.* belongs to alpha; it is left out$/);
  t.equal(mirror.page('alpha').files.length, alphas.length);
});

t.test('two new projects that list the same file do not end the run', async (t) => {
  const mirror = await openTestMirror(t);
  const gamma = mirror.index.find('gamma');
  const files = gamma === undefined ? [] : projectPage(gamma, mirror.server.url).files;
  mirror.alterPage('alpha', (page) => ({ ...page, files }));
  mirror.alterPage('beta', (page) => ({ ...page, files }));
  await mirror.run();
  t.same(mirror.problems(), []);
});

const pages: readonly [what: string, body: string, reason: RegExp][] = [
  ['of another project', '{"meta":{"api-version":"1.4"},"name":"alpha","files":[]}', /expected the page of beta/],
  [
    'of another API version',
    '{"meta":{"api-version":"2.0"},"name":"beta","files":[]}',
    /expected simple API version 1\.x/,
  ],
  ['that is cut off', '{"meta":{"api-version":"1.4"},"name":"beta","fil', /not JSON/],
  ['that is empty', '', /not JSON/],
  ['without a list of files', '{"meta":{"api-version":"1.4"},"name":"beta"}', /no list of files/],
  ['that is a list', '[]', /expected a JSON object/],
];

for (const [what, body, reason] of pages) {
  t.test(`a page ${what} is not believed, and changes nothing`, async (t) => {
    const mirror = await openSynced(t);
    const contentType = 'application/vnd.pypi.simple.v1+json';
    const alter = () => mirror.server.faults.add({ do: 'body', body, contentType, match: /simple\/beta\/$/ });
    await refuse(t, mirror, alter, reason);
  });
}

t.test('a page that decompresses to more than 64 MB is not read', async (t) => {
  const mirror = await openSynced(t);
  const alter = () => mirror.server.faults.add({ do: 'gzip-bomb', match: /simple\/beta\/$/ });
  await refuse(t, mirror, alter, /the gzip body cannot be read within 67108864 bytes/);
});

t.test('a page that never ends is not read', async (t) => {
  const mirror = await openSynced(t);
  const alter = () => mirror.server.faults.add({ do: 'endless', match: /simple\/beta\/$/ });
  await refuse(t, mirror, alter, /larger than 67108864 bytes/);
});

t.test('a list that decompresses without end is not read', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.server.faults.add({ do: 'gzip-bomb', match: /^GET \/simple\/$/ });
  await t.rejects(mirror.run(), /an entry does not end$/);
  t.notOk(existsSync(join(mirror.web, 'simple/index.html')));
});

t.test('core metadata that decompress without end are not stored', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.server.faults.add({ do: 'gzip-bomb', match: /beta.*\.metadata$/ });
  t.equal((await mirror.run()).parked.size, 0);
  t.match(mirror.eventsOf('alarm'), [
    {
      message:
        /^beta: "beta-1\.0-py3-none-any\.whl\.metadata": .* cannot be read within \d+ bytes.*; it is left out, and/,
    },
  ]);
  t.same(
    mirror.page('beta').files.map((file) => file['core-metadata']),
    [false],
  );
  t.same(mirror.problems(), []);
});

t.test('keys that are not known yet pass through, and those of a rejected standard do not', async (t) => {
  const mirror = await openTestMirror(t);
  mirror.alterPage('beta', (page) => ({
    ...page,
    meta: { ...page.meta, 'api-version': '1.9', tracks: ['x'] },
    namespaces: null,
    'alternate-locations': [],
    files: page.files.map((file) => ({ ...file, 'new-key': { a: 1 }, 'gpg-sig': true })),
  }));
  await mirror.run();
  const page: unknown = mirror.page('beta');
  t.match(page, { namespaces: null, meta: { 'api-version': '1.9' }, files: [{ 'new-key': { a: 1 } }] });
  t.notMatch(JSON.stringify(page), /alternate-locations|gpg-sig|tracks/);
  t.same(mirror.problems(), []);
});

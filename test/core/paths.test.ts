import { posix } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { type ProjectName, projectName } from '../../src/core/names.ts';
import {
  blobPath,
  fileNameProblem,
  isFileName,
  linkToFile,
  pagePath,
  pathOnOwnPage,
  projectFolder,
  sidecarPath,
  urlPath,
  type WebPath,
} from '../../src/core/paths.ts';

const hash = `47/a6/${'0123456789'.repeat(6)}`;
const host = 'https://files.example';

function place(url: string, filename: string): string | undefined {
  return blobPath(new URL(url, host), filename);
}

function named(text: string): ProjectName {
  const name = projectName(text);
  if (name === undefined) throw new Error(`${text} is no project name`);
  return name;
}

t.test('a file that PyPI would list goes where PyPI has it', async (t) => {
  const names = [
    'iniconfig-2.3.0.tar.gz',
    'iniconfig-2.3.0-py3-none-any.whl',
    'sample-1.0-1build-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
    'torch-2.1.0+cpu-cp311-cp311-linux_x86_64.whl',
    'pkg-1!2.0.tar.gz',
    'pkg-1.0.zip',
    'Products.Foo-1.0.ZIP',
    'pkg-1.0-py2.7.egg',
    'pkg-1.0.win32-py2.7.exe',
    'pkg-1.0.win-amd64.msi',
    'pkg-1.0-1.noarch.rpm',
    'pkg_1.0_all.deb',
    'pkg-1.0.dmg',
    'pkg-1.0.tar.bz2',
    'pkg-1.0.tar.xz',
    'pkg-1.0.tar.Z',
    'pkg-1.0.tgz',
    'pkg-1.0.tbz',
    '_private-1.0.tar.gz',
    'pkg-1.0-variants.json',
    'pkg 1.0 (final).zip',
    'pkg-1.0~rc1,2=3@4.tar.gz',
    '0-0.0.tar.gz',
    'a..b-1.0.tar.gz',
    `${'n'.repeat(247)}-1.0.whl`.slice(-255),
  ];
  for (const name of names) {
    t.equal(place(`/packages/${hash}/${encodeURIComponent(name)}`, name), `packages/${hash}/${name}`, name);
  }
});

t.test('the place does not depend on how upstream writes the same URL', async (t) => {
  const name = 'pkg-1.0+local.tar.gz';
  const expected = `packages/${hash}/${name}`;
  const urls = [
    `${host}/packages/${hash}/pkg-1.0+local.tar.gz`,
    `${host}/packages/${hash}/pkg-1.0%2Blocal.tar.gz`,
    `${host}/packages/${hash}/pkg-1.0%2blocal.tar.gz`,
    `${host}/packages/${hash}/%70kg-1.0+local.tar.gz`,
    `${host}/packages/${hash}/pkg-1.0+local.tar.gz?x=/packages/..`,
    `${host}/packages/${hash}/pkg-1.0+local.tar.gz#sha256=/packages/..`,
    `${host}:8443/packages/${hash}/pkg-1.0+local.tar.gz`,
    `${host}/root/pypi/packages/${hash}/pkg-1.0+local.tar.gz`,
    `${host}/packages/packages/${hash}/pkg-1.0+local.tar.gz`,
    `${host}/simple/pkg/../../packages/${hash}/pkg-1.0+local.tar.gz`,
    `${host}/../../packages/${hash}/pkg-1.0+local.tar.gz`,
    `${host}/packages/x/%2e%2e/${hash}/pkg-1.0+local.tar.gz`,
    `${host}\\packages\\${hash.replaceAll('/', '\\')}\\pkg-1.0+local.tar.gz`,
  ];
  for (const url of urls) t.equal(place(url, name), expected, url);
});

t.test('the folders of 2011 are taken as they are', async (t) => {
  const folders = ['source/i/iniconfig', '2.7/z/zope.interface', 'cp27/P/Products.Foo', 'py2.py3/0/0', 'any/a/A_b-c.d'];
  for (const folder of folders) {
    t.equal(place(`/packages/${folder}/pkg-1.0.zip`, 'pkg-1.0.zip'), `packages/${folder}/pkg-1.0.zip`, folder);
  }
});

t.test('a folder that no index of Python packages has is refused', async (t) => {
  const sixty = '0123456789'.repeat(6);
  const folders = [
    '',
    '/',
    '/packages',
    '/packages/',
    '/files',
    '/packages/47/a6',
    `/packages/47/A6/${sixty}`,
    `/packages/47/a6/${sixty.toUpperCase().replace('0', 'A')}`,
    `/packages/47/a6/${sixty}0`,
    `/packages/47/a6/${sixty.slice(1)}`,
    `/packages/4/7a6/${sixty}`,
    `/packages/47/a6/${sixty}/x`,
    `/packages//47/a6/${sixty}`,
    `/packages/47//a6/${sixty}`,
    `/packages/47/a6/${sixty}/`,
    `/packages%2f47/a6/${sixty}`,
    `/packages/47%2fa6/${sixty}`,
    `/packages/47%5ca6/${sixty}`,
    `/packages/%34%37/a6/${sixty}`,
    `/packages/47/a6/${sixty}%00`,
    `/packages/${hash}/..%2f..%2f..`,
    `/packages/${hash}/..%5c..`,
    '/packages/..%2f..%2f/e/etc',
    '/packages/%2e%2e/%2e%2e/%2e%2e',
    '/packages/../../..',
    '/packages/source/i/..',
    '/packages/source/i/.hidden',
    '/packages/source/i/-rf',
    '/packages/source/ini/iniconfig',
    '/packages/source//iniconfig',
    '/packages/.source/i/iniconfig',
    '/packages/-source/i/iniconfig',
    '/packages/source~/i/iniconfig',
    '/packages/a-long-python-version/i/iniconfig',
    '/packages/source/i/ini%20config',
    '/packages/source/%C3%A9/iniconfig',
    `/packages/source/i/${'n'.repeat(201)}`,
    `/PACKAGES/${hash}`,
    `/packages;x/${hash}`,
    `/notpackages/${hash}`,
    '/simple/pkg',
    '/web/simple',
  ];
  for (const folder of folders) t.equal(place(`${folder}/pkg-1.0.zip`, 'pkg-1.0.zip'), undefined, folder);
});

t.test('a URL whose last part is another name than the page says is refused', async (t) => {
  const pairs: [string, string][] = [
    ['pkg-1.0.zip', 'pkg-1.1.zip'],
    ['pkg-1.0.zip', 'PKG-1.0.zip'],
    ['', 'pkg-1.0.zip'],
    ['pkg-1.0.zip/', 'pkg-1.0.zip'],
    ['pkg-1.0.zip%2f', 'pkg-1.0.zip'],
    ['pkg-1.0.zip%00', 'pkg-1.0.zip'],
    ['pkg-1.0.zip%20', 'pkg-1.0.zip'],
    ['pkg-1.0.zip;x', 'pkg-1.0.zip'],
    ['pkg-1.0.zip.', 'pkg-1.0.zip'],
    ['pkg%2d1.0%2ezip%252e', 'pkg-1.0.zip'],
    ['x%2f..%2fpkg-1.0.zip', 'pkg-1.0.zip'],
    ['..%5cpkg-1.0.zip', 'pkg-1.0.zip'],
    ['pkg-1.0%zip', 'pkg-1.0.zip'],
    ['%ff%fe.zip', 'pkg-1.0.zip'],
    ['pkg-1.0%2B1.zip', 'pkg-1.0 1.zip'],
    ['pkg-1.0%252B1.zip', 'pkg-1.0+1.zip'],
  ];
  for (const [written, name] of pairs) {
    t.equal(place(`/packages/${hash}/${written}`, name), undefined, `${written} for ${name}`);
  }
});

const hostileNames: [string, string][] = [
  ['nothing', ''],
  ['the folder itself', '.'],
  ['the folder above', '..'],
  ['a way out', '../../../etc/cron.d/x.zip'],
  ['an absolute path', '/etc/passwd.zip'],
  ['a path', 'a/b.zip'],
  ['a path of another system', 'a\\b.zip'],
  ['an encoded slash', 'a%2fb.zip'],
  ['an encoded dot', '%2e%2e.zip'],
  ['a NUL', 'a\0.zip'],
  ['a NUL that cuts the name', 'a.html\0.zip'],
  ['a newline at the end', 'a.zip\n'],
  ['a newline within', 'a\n.zip'],
  ['a carriage return', 'a\r.zip'],
  ['an escape sequence', '\u001b[2Ja.zip'],
  ['a tab', 'a\tb.zip'],
  ['a hidden file', '.htaccess.zip'],
  ['a hidden archive', '.zip'],
  ['an option', '-rf.zip'],
  ['a space in front', ' a.zip'],
  ['a trailing dot', 'a.zip.'],
  ['a trailing space', 'a.zip '],
  ['a trailing tilde', 'a.zip~'],
  ['300 bytes', `${'n'.repeat(296)}.zip`],
  ['256 bytes', `${'n'.repeat(252)}.zip`],
  ['letters that take more bytes than they are', `${'é'.repeat(100)}.zip`],
  ['not ASCII', 'naïve-1.0.zip'],
  ['look-alikes', '\u0440kg-1.0.zip'],
  ['right to left', 'a\u202epiz.zip'],
  ['no width', 'a\u200b.zip'],
  ['an emoji', '😀.zip'],
  ['half a character', '\ud800.zip'],
  ['a quote', 'a"b.zip'],
  ['an apostrophe', "a'b.zip"],
  ['markup', '<b>.zip'],
  ['a command', '$(x).zip'],
  ['another command', '`x`.zip'],
  ['a pipe', 'a|b.zip'],
  ['a wildcard', 'a?b.zip'],
  ['a drive', 'c:a.zip'],
  ['a query', 'a.zip?x'],
  ['a fragment', 'a.zip#x'],
  ['core metadata', 'a-1.0-py3-none-any.whl.metadata'],
  ['provenance', 'a-1.0.tar.gz.provenance'],
  ['a signature', 'a-1.0.tar.gz.asc'],
  ['a page', 'index.html'],
  ['our own page', 'index.v1_json'],
  ['a script', 'a.php'],
  ['a server configuration', 'a.htaccess'],
  ['a program', 'a.cgi'],
  ['a page that looks like an archive', 'a.zip.html'],
  ['any JSON', 'a.json'],
  ['no suffix', 'zip'],
  ['a plain tar', 'a.tar'],
];

for (const [what, name] of hostileNames) {
  t.test(`${what} is refused as the name of a file`, async (t) => {
    t.equal(isFileName(name), false, JSON.stringify(name));
    for (const written of [name, encodeURIComponent(Buffer.from(name).toString())]) {
      t.equal(place(`/packages/${hash}/${written}`, name), undefined, `written as ${JSON.stringify(written)}`);
    }
  });
}

t.test('what is wrong with a name is told: which character, and how many bytes too long', async (t) => {
  const cases: [string, string][] = [
    ['demo-1.4#1.zip', 'its name has the character # (U+0023)'],
    ['demo-1.4\x01.zip', 'its name has the character U+0001'],
    ['na\u00efve-1.0.zip', 'its name has the character U+00EF'],
    ['\u{1f600}.zip', 'its name has the character U+1F600'],
    ['.zip', 'its name begins with the character . (U+002E)'],
    [`${'n'.repeat(252)}.zip`, 'its name is 1 bytes longer than the 255 that file systems take'],
    ['demo-1.0.html', 'its name does not end as that of a distribution'],
    ['', 'its name is empty'],
  ];
  for (const [name, problem] of cases) t.equal(fileNameProblem(name), problem);
  t.equal(fileNameProblem('demo-1.4.zip'), undefined);
});

t.test('whatever upstream says, an accepted path stays in web/packages and is no page and no sidecar', async (t) => {
  const way = '.. . %2e%2e %2e %2f %5c \\ a 47 packages simple -x .x'.split(' ');
  const folder = fc.oneof(
    fc.constantFrom(hash, 'source/i/iniconfig', '2.7/a/b', `${hash}/..`, `../${hash}`, `x/../${hash}`),
    fc.array(fc.constantFrom('', ...way), { maxLength: 5 }).map((parts) => parts.join('/')),
  );
  const harmless = fc.constantFrom('a', '-1.0', '_', '+', ' ', '.', '.whl');
  const hostile = fc.constantFrom('/', '\0', '\n', '-rf', '.provenance', '.html', 'é', '%', ...way);
  const filename = fc
    .tuple(
      fc.array(fc.oneof({ weight: 4, arbitrary: harmless }, hostile), { minLength: 1, maxLength: 4 }),
      fc.constantFrom('.whl', '.zip', '.tar.gz', '.metadata', ''),
    )
    .map(([parts, suffix]) => parts.join('') + suffix);
  const writing = fc.constantFrom(
    (text: string) => text,
    (text: string) => encodeURIComponent(text),
    (text: string) => encodeURIComponent(encodeURIComponent(text)),
    (text: string) => `../${text}`,
    (text: string) => `x/%2e%2e/${text}`,
    (text: string) => text.replaceAll('.', '%2e').replaceAll('/', '%2f'),
  );
  let accepted = 0;
  fc.assert(
    fc.property(folder, filename, writing, (parent, name, write) => {
      const path = blobPath(new URL(`${host}/packages/${parent}/${write(name)}`), name);
      if (path === undefined) return true;
      accepted += 1;
      const parts = path.split('/');
      return (
        posix.normalize(path) === path &&
        posix.resolve('/web', path).startsWith('/web/packages/') &&
        parts.length === 5 &&
        parts.at(-1) === name &&
        parts.every((part) => /^[A-Za-z0-9_][ -~]*$/.test(part) && part.length <= 255) &&
        !/\.(?:metadata|provenance|html)$/.test(path)
      );
    }),
    { numRuns: 3000 },
  );
  t.ok(accepted > 30, `some were accepted: ${accepted}`);
});

t.test('pages and sidecars lie where pip and other mirrors look for them', async (t) => {
  const path = blobPath(new URL(`${host}/packages/${hash}/pkg-1.0.zip`), 'pkg-1.0.zip') as WebPath;
  t.equal(sidecarPath(path, 'metadata'), `packages/${hash}/pkg-1.0.zip.metadata`);
  t.equal(sidecarPath(path, 'provenance'), `packages/${hash}/pkg-1.0.zip.provenance`);
  t.equal(projectFolder(named('Zope.Interface')), 'simple/zope-interface');
  t.equal(pagePath('index.html', named('Zope.Interface')), 'simple/zope-interface/index.html');
  t.equal(pagePath('index.v1_json.gz', named('a')), 'simple/a/index.v1_json.gz');
  t.equal(pagePath('index.html'), 'simple/index.html');
});

t.test('a path becomes the URL that names it again', async (t) => {
  for (const name of ['pkg-1.0+local.tar.gz', 'pkg 1.0 (x).zip', 'a~b,c=d@e!f.zip']) {
    const path = place(`/packages/${hash}/${encodeURIComponent(name)}`, name) as WebPath;
    const url = new URL(`../../${urlPath(path)}`, `${host}/simple/pkg/`);
    t.equal(decodeURIComponent(url.pathname), `/${path}`, name);
    t.equal(blobPath(url, name), path);
  }
});

t.test('a link on our own page leads to the same path, escaped or not', async (t) => {
  const project = named('alpha');
  const folder = `packages/aa/bb/${'c'.repeat(60)}`;
  for (const filename of ['alpha-1.0.tar.gz', 'alpha-1.0+local.zip', 'alpha 1.0~(a)!.zip', 'alpha@1,0=x.egg']) {
    const path = `${folder}/${filename}` as WebPath;
    for (const url of [linkToFile(path), `../../${path}`])
      t.equal(pathOnOwnPage({ url, filename }, project), path, url);
    const elsewhere = [`../../simple/../${path}x`, `../../${folder}/../${filename}`, `../../${folder}/a.zip`];
    for (const url of elsewhere) t.equal(pathOnOwnPage({ url, filename }, project), undefined, url);
  }
});

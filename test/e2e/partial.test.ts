/** A mirror of what one application needs, and a real pip that has no other index. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ask } from '../apache/ask.ts';
import { apacheOrReason, openApache } from '../fixtures/apache.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { readerProblems, treeOf } from '../fixtures/reader-check.ts';
import { sampleIndex } from '../sample/sample-projects.ts';
import { openBundle } from './bundle.ts';
import { openSample } from './opened-sample.ts';
import { pipOrReason, pipSucceeds, pythonOutput } from './pip.ts';
import { runHere } from './run-here.ts';
import { publishedTree } from './tree.ts';

const needsPip = await pipOrReason();
const needsBoth = needsPip.skip === false ? apacheOrReason() : needsPip;
const program = join(await openBundle(), 'pep381run');

t.test('a mirror of a requirements file is enough to install it', needsBoth, async (t) => {
  const index = sampleIndex();
  const { server, target } = await openSample(openToAll(t), program, index);
  mkdirSync(join(target, 'web'), { recursive: true });
  const work = join(target, '..');
  const write = (name: string, text: string): string => {
    const path = join(work, name);
    writeFileSync(path, text);
    return path;
  };
  const mirror = async (t: Test, ...toml: readonly string[]): Promise<string[]> => {
    writeFileSync(join(target, 'mirror.toml'), [`upstream = "${server.url}"`, ...toml, ''].join('\n'));
    server.requests.length = 0;
    t.same(await runHere('-q', target), { code: 0, stdout: '', stderr: '' });
    t.same(readerProblems(join(target, 'web')), []);
    const paths = treeOf(join(target, 'web/packages')).filter((path) => !path.endsWith('.metadata'));
    return paths.map((path) => path.split('/').at(-1) ?? '').sort();
  };
  const requirements = write('requirements.txt', 'sample-app\nsample-extras[colour]>=2\n');
  const files = await mirror(
    t,
    'requirements = ["../requirements.txt"]',
    'dependencies = true',
    '[files]',
    'sdists = "no"',
  );
  t.same(files, [
    'sample_app-1.0-py3-none-any.whl',
    'sample_base-1.10-py3-none-any.whl',
    'sample_base-1.9-py3-none-any.whl',
    'sample_extras-2.1.0-py3-none-any.whl',
    'sample_pure-0.3-py2.py3-none-any.whl',
  ]);
  const apache = await openApache({ target });
  t.teardown(() => apache.close());
  const from = ['--index-url', `${apache.url}/simple/`];
  const site = (name: string): string => join(work, name);

  await t.test('pip installs from the partial mirror alone', async (t) => {
    await pipSucceeds(t, 'install', '--no-compile', ...from, '--target', site('plain'), '-r', requirements);
    t.equal(
      await versionsIn(site('plain'), 'sample_app', 'sample_base', 'sample_extras', 'sample_pure'),
      '1.0 1.10 2.1.0 0.3',
    );
    t.match(await ask(apache.url, '/simple/sample-platform/'), { status: 404 }, 'the rest is not there');
  });
  const published = publishedTree(target);

  const locked = [
    ['sample-app', '1.0', 'sample_app-1.0-py3-none-any.whl'],
    ['sample-base', '1.9', 'sample_base-1.9-py3-none-any.whl'],
  ] as const;
  const sha256 = (name: string, file: string): string => index.find(name)?.files.get(file)?.sha256 ?? '';
  const hashed = write(
    'hashed.txt',
    locked.map(([name, version, file]) => `${name}==${version} --hash=sha256:${sha256(name, file)}\n`).join(''),
  );
  const locks: readonly (readonly [string, string])[] = [
    [
      'uv.lock',
      `version = 1\nrequires-python = ">=3.8"\n${locked
        .map(
          ([name, version, file]) =>
            `\n[[package]]\nname = "${name}"\nversion = "${version}"\nsource = { registry = "${server.url}/simple" }\n` +
            `wheels = [{ url = "${server.url}/x/${file}", hash = "sha256:${sha256(name, file)}", size = 1 }]\n`,
        )
        .join('')}`,
    ],
    [
      'pylock.toml',
      `lock-version = "1.0"\ncreated-by = "test"\n${locked
        .map(
          ([name, version, file]) =>
            `\n[[packages]]\nname = "${name}"\nversion = "${version}"\n` +
            `wheels = [{ name = "${file}", url = "${server.url}/x/${file}", hashes = { sha256 = "${sha256(name, file)}" } }]\n`,
        )
        .join('')}`,
    ],
  ];
  let narrow: Record<string, string> | undefined;
  for (const [name, text] of locks) {
    await t.test(`${name} narrows the mirror to the locked files`, async (t) => {
      write(name, text);
      const files = await mirror(t, `requirements = ["../${name}"]`, '[files]', 'sdists = "no"');
      t.same(
        files,
        locked.map(([, , file]) => file),
      );
      t.notOk(
        server.requests.some(({ path }) => path.startsWith('/simple/') || path.startsWith('/packages/')),
        'nothing was asked for',
      );
      narrow ??= publishedTree(target);
      t.same(publishedTree(target), narrow, 'the same for each kind of lock file');
    });
  }

  await t.test('pip finds every hash in the narrow mirror', async (t) => {
    const dest = site('locked');
    await pipSucceeds(t, 'download', ...from, '--require-hashes', '--dest', dest, '-r', hashed);
    t.same(
      readdirSync(dest).sort(),
      locked.map(([, , file]) => file),
    );
  });

  await t.test('the mirror widens again, with its dependencies', async (t) => {
    t.same(
      await mirror(t, 'requirements = ["../requirements.txt"]', 'dependencies = true', '[files]', 'sdists = "no"'),
      files,
    );
    t.same(publishedTree(target), published, 'to what pip has installed from');
  });
});

/** Prints `__version__` of what is installed in the folder `site`, separated by blanks. */
async function versionsIn(site: string, ...modules: readonly string[]): Promise<string> {
  const script = `import importlib, sys; sys.path.insert(0, sys.argv[1]); sys.dont_write_bytecode = True
print(*[importlib.import_module(name).__version__ for name in sys.argv[2:]])`;
  return (await pythonOutput('-c', script, site, ...modules)).trim();
}

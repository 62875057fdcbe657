/** The mirror's clients: a real pip, a real Apache with the shipped virtual host, a mirror made by the built program. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import t, { type Test } from 'tap';
import { logLine } from '../apache/log-line.ts';
import { apacheOrReason, openApache } from '../fixtures/apache.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { readerProblems } from '../fixtures/reader-check.ts';
import { type Distribution, makeWheel } from '../sample/distributions.ts';
import { metadataReadOrReason } from '../sample/run-python.ts';
import { sampleIndex } from '../sample/sample-projects.ts';
import { openSampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { openHtmlOnly } from './html-only.ts';
import { pip, pipOrReason, pipSucceeds, pythonOutput } from './pip.ts';
import { run } from './program.ts';
import { runHere } from './run-here.ts';

const needsPip = await pipOrReason();
const needsMetadata = await metadataReadOrReason();
const needsBoth = needsPip.skip === false ? apacheOrReason() : needsPip;

t.test('pip and the mirror', needsBoth, async (t) => {
  const index = sampleIndex();
  const server = await openSampleServer({ index });
  t.teardown(() => server.close());
  const real = bundledWheels(await pythonOutput('-c', findWheels));
  for (const wheel of real) index.publish(wheel);

  const program = join(await openBundle(), 'pep381run');
  const folder = openToAll(t).testdir({ target: {}, work: {} });
  const target = join(folder, 'target');
  const mirror = async (t: Test, start = (args: readonly string[]) => runHere(...args)): Promise<void> => {
    t.same(await start(['-q', '--upstream', server.url, target]), { code: 0, stdout: '', stderr: '' });
    t.same(readerProblems(join(target, 'web')), []);
  };
  await mirror(t, (args) => run(program, args));
  const apache = await openApache({ target });
  t.teardown(() => apache.close());
  const from = (url = apache.url): string[] => ['--index-url', `${url}/simple/`];
  const fresh = (name: string): string => {
    const path = join(folder, 'work', name);
    mkdirSync(path);
    return path;
  };
  const access = (): string[] => readFileSync(apache.log, 'utf8').split('\n');
  const upstreamHash = (name: string, filename: string): string => {
    const file = index.find(name)?.files.get(filename);
    return file?.sha256 ?? '';
  };

  await t.test('pip installs projects with what they and their extras depend on, through JSON', async (t) => {
    const site = fresh('json');
    const wanted = ['sample-app', 'sample-extras[all]', 'Sample.Camel_Case', 'sample-yanked'];
    await pipSucceeds(t, 'install', '--no-compile', ...from(), '--target', site, ...wanted);
    const modules = ['sample_app', 'sample_base', 'sample_extras', 'sample_pure', 'sample_camel_case', 'sample_yanked'];
    const versions = '1.0 1.10 2.1.0 0.3 1.0.post1 1.0';
    t.equal(await versionsIn(site, ...modules), versions, 'also of a name in another spelling, and nothing yanked');
    const pages = access().filter((line) => / \/simple\//.test(line));
    t.ok(pages.length >= 2);
    for (const page of pages) t.match(page, /" 200 /);
  });

  await t.test('pip that understands HTML only installs the same', async (t) => {
    const types: string[] = [];
    const site = fresh('html');
    const url = await openHtmlOnly(t, apache.url, types);
    await pipSucceeds(
      t,
      'install',
      '--no-compile',
      ...from(url),
      '--target',
      site,
      'sample-app',
      'sample-extras[colour]',
      'sample-yanked',
    );
    const versions = await versionsIn(site, 'sample_app', 'sample_base', 'sample_pure', 'sample_yanked');
    t.equal(versions, '1.0 1.10 0.3 1.0', 'and nothing yanked');
    t.ok(types.length >= 5);
    for (const type of types) t.equal(type, 'text/html; charset=utf-8');
  });

  await t.test('pip reads the metadata before it fetches the wheel', needsMetadata, async (t) => {
    const before = access().length - 1;
    await pipSucceeds(t, 'download', ...from(), '--dest', fresh('download'), 'sample-app');
    t.same(readdirSync(join(folder, 'work/download')).sort(), [
      'sample_app-1.0-py3-none-any.whl',
      'sample_base-1.10-py3-none-any.whl',
    ]);
    await logLine(apache.log, 'sample_base-1.10-py3-none-any.whl ');
    const lines = access().slice(before);
    for (const wheel of ['sample_app-1.0-py3-none-any.whl', 'sample_base-1.10-py3-none-any.whl']) {
      const metadata = lines.findIndex((line) => line.includes(`/${wheel}.metadata HTTP/1.1" 200 `));
      const body = lines.findIndex((line) => line.includes(`/${wheel} HTTP/1.1" 200 `));
      t.ok(metadata >= 0 && metadata < body, `${wheel}: line ${metadata}, then line ${body}`);
    }
  });

  await t.test('the mirror has the hashes of upstream', async (t) => {
    const files = [
      ['sample-app', '1.0', 'sample_app-1.0-py3-none-any.whl'],
      ['sample-base', '1.9', 'sample_base-1.9-py3-none-any.whl'],
    ] as const;
    const requirements = join(folder, 'requirements.txt');
    const pinned = files.map(
      ([name, version, file]) => `${name}==${version} --hash=sha256:${upstreamHash(name, file)}\n`,
    );
    writeFileSync(requirements, pinned.join(''));
    const command = [
      'install',
      '--no-compile',
      ...from(),
      '--require-hashes',
      '--requirement',
      requirements,
      '--target',
    ];
    await pipSucceeds(t, ...command, fresh('hashes'));
    t.equal(await versionsIn(join(folder, 'work/hashes'), 'sample_base'), '1.9');
    writeFileSync(requirements, pinned.join('').replace(/sha256:.{8}/, 'sha256:00000000'));
    const refused = await pip(...command, fresh('wrong hashes'));
    t.not(refused.code, 0, 'and pip does look at them');
  });

  await t.test('a yanked release is fetched by its number, and pip says why it was yanked', async (t) => {
    for (const [form, url] of [
      ['JSON', apache.url],
      ['HTML', await openHtmlOnly(t, apache.url, [])],
    ] as const) {
      const pinned = ['sample-yanked==1.1', '--dest', fresh(`pinned ${form}`)];
      const output = await pipSucceeds(t, 'download', ...from(url), ...pinned);
      t.match(output, 'breaks "everything" & <more>', form);
      t.same(readdirSync(join(folder, 'work', `pinned ${form}`)), ['sample_yanked-1.1-py3-none-any.whl']);
    }
  });

  await t.test('the page of a name in another spelling leads to the project', async (t) => {
    const page = `${apache.url}/simple/Sample.Camel_Case`;
    const asPage = ['--no-index', '--find-links', `${page}/`, '--dest', fresh('redirected')];
    await pipSucceeds(t, 'download', ...asPage, 'sample-camel-case');
    const line = access().find((line) => line.includes('GET /simple/Sample.Camel_Case/ '));
    t.match(line, /" 301 /, 'Apache sent pip to the normalized name');
    t.same(readdirSync(join(folder, 'work/redirected')), ['sample_camel_case-1.0.post1-py3-none-any.whl']);
  });

  await t.test('an sdist is fetched and built', async (t) => {
    const site = fresh('sdist');
    await pipSucceeds(t, 'install', '--no-compile', ...from(), '--target', site, 'sample-sdist');
    t.equal(await versionsIn(site, 'sample_sdist', 'sample_base'), '0.9 1.10');
  });

  const noWheels = {
    skip: real.length > 0 ? false : "this Python has no wheels of pip's own: apt-get install python3-venv",
  };
  await t.test('real wheels are mirrored unchanged', noWheels, async (t) => {
    const site = fresh('real');
    const wanted = real.map(({ name, version }) => `${name}==${version}`);
    await pipSucceeds(t, 'install', '--no-compile', ...from(), '--no-deps', '--target', site, ...wanted);
    for (const { name, version } of real) {
      const info = readdirSync(site).find((entry) => entry.toLowerCase() === `${name}-${version}.dist-info`);
      t.ok(info, `${name} ${version}`);
    }
    await t.test('with metadata', needsMetadata, async (t) => {
      const line = access().find((line) => line.includes(`/${real[0]?.filename}.metadata `));
      t.match(line, /" 200 /);
    });
  });

  await t.test('changes upstream reach pip with the next run', async (t) => {
    index.yank('sample-base', '1.10', 'broken on Mondays');
    index.removeFile('sample-platform', 'sample_platform-1.5.0.tar.gz');
    index.removeProject('sample-sdist');
    index.quarantine('sample-pure');
    index.publish(makeWheel({ name: 'sample-app', version: '1.1', requires: ['sample-base'] }));
    await mirror(t);

    const site = fresh('later');
    await pipSucceeds(t, 'install', '--no-compile', ...from(), '--target', site, 'sample-app');
    t.equal(await versionsIn(site, 'sample_app', 'sample_base'), '1.1 1.9', 'a new release, and not the yanked one');
    const pinned = ['--no-deps', '--dest', fresh('pinned'), 'sample-base==1.10'];
    t.match(await pipSucceeds(t, 'download', ...from(), ...pinned), 'broken on Mondays');
    for (const gone of ['sample-sdist', 'sample-extras[colour]']) {
      const { code, output } = await pip('download', ...from(), '--dest', fresh(gone), gone);
      t.not(code, 0, gone);
      t.match(output, /No matching distribution found for sample-(?:pure|sdist)/);
    }
    const source = ['--no-binary', ':all:', '--no-deps', '--dest', fresh('source'), 'sample-platform'];
    const { output } = await pip('download', ...from(), ...source);
    t.match(output, 'No matching distribution found for sample-platform', 'the file that was removed is gone');
  });
});

/** Prints `__version__` of what is installed in the folder `site`, separated by blanks. */
async function versionsIn(site: string, ...modules: readonly string[]): Promise<string> {
  const script = `import importlib, sys; sys.path.insert(0, sys.argv[1]); sys.dont_write_bytecode = True
print(*[importlib.import_module(name).__version__ for name in sys.argv[2:]])`;
  return (await pythonOutput('-c', script, site, ...modules)).trim();
}

/** Python comes with wheels of pip and setuptools, and Debian keeps them in a folder of their own. */
// Debian's Python has no ensurepip without python3-venv.
const findWheels = `import glob, importlib.util, os
found = importlib.util.find_spec("ensurepip")
bundled = [os.path.join(os.path.dirname(found.origin), "_bundled")] if found else []
for folder in [*bundled, "/usr/share/python-wheels"]:
    wheels = sorted(glob.glob(os.path.join(folder, "*-none-any.whl")))
    if wheels:
        print("\\n".join(wheels))
        break`;

function bundledWheels(paths: string): Distribution[] {
  return paths
    .split('\n')
    .filter((path) => path !== '')
    .map((path) => {
      const filename = basename(path);
      const [name = '', version = ''] = filename.split('-');
      const content = readFileSync(path);
      const files = unzipSync(content, { filter: (file) => file.name.endsWith('.dist-info/METADATA') });
      const metadata = Buffer.from(Object.values(files)[0] ?? new Uint8Array());
      const requiresPython = /^Requires-Python: (.*)$/m.exec(strFromU8(metadata))?.[1];
      return { name, version, filename, content, metadata, ...(requiresPython !== undefined && { requiresPython }) };
    });
}

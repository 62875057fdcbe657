import fc from 'fast-check';
import t from 'tap';
import { projectName } from '../../src/core/names.ts';
import { isFileName } from '../../src/core/paths.ts';
import { parseSimplePage } from '../../src/formats/simple/simple-json.ts';
import { type DistributionName, parseDistributionName } from '../../src/packaging/distribution-name.ts';
import { kindNamed, knownKinds } from '../../src/packaging/distribution-name-kinds.ts';
import { wheelFits } from '../../src/packaging/wheel-tags.ts';
import { recording, recordings, recordingsMissing } from '../fixtures/shared-fixtures.ts';

/** The tags on one line: `cp312-abi3-linux x86_64+macos any`. */
function told({ tags }: DistributionName): string {
  if (tags === undefined) return '';
  const pythons = tags.pythons.map(
    ({ implementation, major, minor }) => `${implementation}${major ?? ''}${minor ?? ''}`,
  );
  const platforms = tags.platforms.map(({ system, other, libc, machines }) =>
    [other ?? libc?.name ?? system, libc?.version?.join('.'), machines?.join(',')].filter((part) => part).join(' '),
  );
  return [pythons, tags.abis, platforms].map((set) => set.join('+')).join('-');
}

type Row = readonly [filename: string, project: string, version: string | undefined, tags?: string];

const wheels: readonly Row[] = [
  ['requests-2.19.0-py2.py3-none-any.whl', 'requests', '2.19.0', 'py2+py3-none-any'],
  ['poetry_core-2.1.3-py3-none-any.whl', 'poetry-core', '2.1.3', 'py3-none-any'],
  ['black-21.11b0-py3-none-any.whl', 'black', '21.11b0', 'py3-none-any'],
  ['efilter-1!1.2-py2-none-any.whl', 'efilter', '1!1.2', 'py2-none-any'],
  ['zope.interface-7.2-cp313-cp313-win_amd64.whl', 'zope-interface', '7.2', 'cp313-cp313-windows x86_64'],
  ['MarkupSafe-2.1.5-cp312-cp312-win32.whl', 'markupsafe', '2.1.5', 'cp312-cp312-windows i686'],
  ['pywin32-308-cp313-cp313-win_arm64.whl', 'pywin32', '308', 'cp313-cp313-windows aarch64'],
  ['torch-2.1.0+cu118-cp311-cp311-linux_x86_64.whl', 'torch', '2.1.0+cu118', 'cp311-cp311-linux x86_64'],
  [
    'torch-2.1.0+cpu.cxx11_abi-cp311-cp311-linux_x86_64.whl',
    'torch',
    '2.1.0+cpu.cxx11-abi',
    'cp311-cp311-linux x86_64',
  ],
  ['numpy-1.16.6-cp27-cp27mu-manylinux1_i686.whl', 'numpy', '1.16.6', 'cp27-cp27mu-glibc 2.5 i686'],
  ['scipy-1.5.4-cp36-cp36m-manylinux2010_x86_64.whl', 'scipy', '1.5.4', 'cp36-cp36m-glibc 2.12 x86_64'],
  [
    'numpy-2.3.2-cp313-cp313t-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl',
    'numpy',
    '2.3.2',
    'cp313-cp313t-glibc 2.27 aarch64+glibc 2.28 aarch64',
  ],
  [
    'cryptography-45.0.6-cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
    'cryptography',
    '45.0.6',
    'cp311-abi3-glibc 2.17 x86_64+glibc 2.17 x86_64',
  ],
  ['cffi-1.17.1-cp39-cp39-musllinux_1_1_aarch64.whl', 'cffi', '1.17.1', 'cp39-cp39-musl 1.1 aarch64'],
  ['grpcio-1.74.0-cp313-cp313-linux_armv7l.whl', 'grpcio', '1.74.0', 'cp313-cp313-linux armv7l,armv8l'],
  ['pillow-11.3.0-cp313-cp313-macosx_11_0_arm64.whl', 'pillow', '11.3.0', 'cp313-cp313-macos aarch64'],
  ['lxml-5.3.0-cp312-cp312-macosx_10_9_universal2.whl', 'lxml', '5.3.0', 'cp312-cp312-macos x86_64,aarch64'],
  [
    'psycopg2-2.7.5-cp37-cp37m-macosx_10_6_intel.macosx_10_9_x86_64.macosx_10_10_intel.whl',
    'psycopg2',
    '2.7.5',
    'cp37-cp37m-macos i686,x86_64+macos x86_64+macos i686,x86_64',
  ],
  [
    'pydantic_core-2.41.5-pp311-pypy311_pp73-manylinux_2_17_aarch64.manylinux2014_aarch64.whl',
    'pydantic-core',
    '2.41.5',
    'pp311-pypy311_pp73-glibc 2.17 aarch64+glibc 2.17 aarch64',
  ],
  [
    'pydantic_core-2.46.4-graalpy311-graalpy242_311_native-macosx_10_12_x86_64.whl',
    'pydantic-core',
    '2.46.4',
    'graalpy311-graalpy242_311_native-macos x86_64',
  ],
  ['brotlipy-0.3.0-pp226-pp226u-macosx_10_10_x86_64.whl', 'brotlipy', '0.3.0', 'pp226-pp226u-macos x86_64'],
  ['kivy-3.0.0-cp315-cp315-ios_13_0_arm64_iphoneos.whl', 'kivy', '3.0.0', 'cp315-cp315-ios aarch64'],
  ['pillow-12.0.0-cp313-cp313-ios_13_0_x86_64_iphonesimulator.whl', 'pillow', '12.0.0', 'cp313-cp313-ios x86_64'],
  [
    'cryptography-46.0.0-cp313-abi3-android_24_armeabi_v7a.whl',
    'cryptography',
    '46.0.0',
    'cp313-abi3-android armv7l,armv8l',
  ],
  ['numpy-2.2.5-cp313-cp313-pyodide_2025_0_wasm32.whl', 'numpy', '2.2.5', 'cp313-cp313-emscripten wasm32'],
  ['pyxel-1.8.16-cp37-abi3-emscripten_3_1_21_wasm32.whl', 'pyxel', '1.8.16', 'cp37-abi3-emscripten wasm32'],
  ['pymupdf-1.28.0-cp313-abi3-pyemscripten_2025_0_wasm32.whl', 'pymupdf', '1.28.0', 'cp313-abi3-emscripten wasm32'],
  ['psutil-5.9.0-cp38-cp38-freebsd_13_1_release_amd64.whl', 'psutil', '5.9.0', 'cp38-cp38-freebsd'],
  [
    'abi3_abi3t_universal-0.1-cp315-abi3.abi3t-win_amd64.whl',
    'abi3-abi3t-universal',
    '0.1',
    'cp315-abi3+abi3t-windows x86_64',
  ],
  [
    'cmake-3.31.6-py3-none-manylinux_2_17_s390x.manylinux2014_s390x.whl',
    'cmake',
    '3.31.6',
    'py3-none-glibc 2.17 s390x+glibc 2.17 s390x',
  ],
  ['Pillow-8.0.0-CP39-CP39-WIN_AMD64.WHL', 'pillow', '8.0.0', 'cp39-cp39-windows x86_64'],
  ['carbonara_archinfo-7.7.9.14_1-py2-none-any.whl', 'carbonara-archinfo', '7.7.9.14-1', 'py2-none-any'],
  // Not by the standard, but there.
  ['qcodes_-0.1.0-py3-none-any.whl', 'qcodes', '0.1.0', 'py3-none-any'],
  ['foo-bar-1.0-py3-none-any.whl', 'foo-bar', '1.0', 'py3-none-any'],
  ['SimpleSteem-1.1.9-3.0-none-any.whl', 'simplesteem', '1.1.9', '3+0-none-any'],
  ['coremltools-0.3.0-py2.7-none-any.whl', 'coremltools', '0.3.0', 'py2+7-none-any'],
  ['bgframework-0.4-py2,py3,pypy-none-any.whl', 'bgframework', '0.4', 'py2,py3,pypy-none-any'],
  ['astrocats-0.3.2-universal-none-any.whl', 'astrocats', '0.3.2', 'universal-none-any'],
  ['azure_iothub_service_client-1.1.0.0-py2-win32.whl', 'azure-iothub-service-client', '1.1.0.0'],
  ['munepy-1.3-py2-none-any.whl', 'flufl-enum', '1.3', 'py2-none-any'],
  ['foo_bar-1.0-py3-none-any.whl', 'foo', '1.0', 'py3-none-any'],
];

const sdists: readonly Row[] = [
  ['requests-2.19.0.tar.gz', 'requests', '2.19.0'],
  ['poetry_core-2.1.3.tar.gz', 'poetry-core', '2.1.3'],
  ['zope.interface-7.2.tar.gz', 'zope-interface', '7.2'],
  ['aws-adfs-ebsco-0.3.6-2.tar.gz', 'aws-adfs-ebsco', '0.3.6-2'],
  ['efilter-1!1.0.tar.gz', 'efilter', '1!1.0'],
  ['pytz-2008a.tar.bz2', 'pytz', '2008a'],
  ['setuptools-40.2.0.zip', 'setuptools', '40.2.0'],
  ['amqplib-1.0.0.tgz', 'amqplib', '1.0.0'],
  ['PyYAML-3.01.tar.xz', 'pyyaml', '3.01'],
  ['old-0.1.tar.Z', 'old', '0.1'],
  ['3-1-1.0.0.zip', '3-1', '1.0.0'],
  ['a-1-2.0.tar.gz', 'a', '1-2.0'],
  ['a-1-2.0.tar.gz', 'a-1', '2.0'],
  ['apsw-3.8.2-r1.tar.gz', 'apsw', '3.8.2-r1'],
  ['ddlib-2013-02-18.tar.gz', 'ddlib', '2013-02-18'],
  ['walt-node-0.4-1.tar.gz', 'walt-node', '0.4-1'],
  ['suds-py3-1.4.5.0.tar.gz', 'suds-py3', '1.4.5.0'],
  ['torch-linux-1.0.tar.gz', 'torch-linux', '1.0'],
  ['local-1.0+a.linux-1.tar.gz', 'local', '1.0+a.linux-1'],
  ['thing-snapshot.tar.gz', 'thing', 'snapshot'],
  ['TestManager_1.2.0.tar.gz', 'testmanager', '1.2.0'],
  ['testmanager.1.1.1.tar.gz', 'testmanager', '1.1.1'],
  ['appwsgi 667.tar.bz2', 'appwsgi', '667'],
  ['alexander.tar.gz', 'alexander', undefined],
  ['500.tar.bz2', 'appwsgi', undefined],
  ['munepy-1.3.tar.gz', 'flufl-enum', '1.3'],
  ['foobar-1.0.tar.gz', 'foo', '1.0'],
];

const others: Readonly<Record<string, readonly Row[]>> = {
  egg: [
    ['setuptools-0.6c11-py2.7.egg', 'setuptools', '0.6c11', 'py27-none-any'],
    ['example-1.0-py3.8.egg', 'example', '1.0', 'py38-none-any'],
    ['MySQL_python-1.2.4b4-py2.7-macosx-10.9-intel.egg', 'mysql-python', '1.2.4b4', 'py27-none-macos i686,x86_64'],
    ['4Suite_XML-1.0rc2-py2.5-win32-2.5.egg', '4suite-xml', '1.0rc2', 'py25-none-windows i686'],
    ['xrayutilities-1.4.0-py2.7.10-win-amd64.egg', 'xrayutilities', '1.4.0', 'py27-none-windows x86_64'],
    ['btk-0.3.0-py2.7_macosx-10.7-intel.egg', 'btk', '0.3.0', 'py27-none-macos i686,x86_64'],
    ['pypi-simple-0.1.0.dev1-py3.5.egg', 'pypi-simple', '0.1.0.dev1', 'py35-none-any'],
    ['PIL-1.1.7-py2.7-linux-x86_64.egg', 'pil', '1.1.7', 'py27-none-linux x86_64'],
    ['apsw-3.8.2_r1-py2.7-linux-x86_64.egg', 'apsw', '3.8.2-r1', 'py27-none-linux x86_64'],
    ['munepy-1.3-py2.5.egg', 'flufl-enum', '1.3', 'py25-none-any'],
  ],
  wininst: [
    ['lxml-2.3.win32-py2.7.exe', 'lxml', '2.3', 'py27-none-windows i686'],
    ['pywin32-219.win-amd64-py3.4.exe', 'pywin32', '219', 'py34-none-windows x86_64'],
    ['winappdbg-1.4.win-amd64.exe', 'winappdbg', '1.4', 'py2+py3-none-windows x86_64'],
    ['thing-1.0.win64.exe', 'thing', '1.0', 'py2+py3-none-windows x86_64'],
    ['cx_Oracle-5.3-12c.win32-py3.4.exe', 'cx-oracle', '5.3-12c', 'py34-none-windows i686'],
    ['numpy-1.6.1-win32-superpack-python2.7.exe', 'numpy', '1.6.1', 'py27-none-windows i686'],
    ['psycopg2-2.5.win32-py2.7-pg9.2.4-release.exe', 'psycopg2', '2.5', 'py27-none-windows i686'],
    ['pytango-9.2.1.Win32-py2.7.exe', 'pytango', '9.2.1', 'py27-none-windows i686'],
    ['Appium-Python-Client-0.3.macosx-10.9-intel.exe', 'appium-python-client', '0.3', 'py2+py3-none-windows'],
    ['btk-0.3.0_win32.exe', 'btk', '0.3.0', 'py2+py3-none-windows i686'],
    ['setup.exe', 'thing', undefined, 'py2+py3-none-windows'],
  ],
  msi: [
    ['Twisted-15.4.0.win-amd64-py2.7.msi', 'twisted', '15.4.0', 'py27-none-windows x86_64'],
    ['pyFAI-0.13.1.win-amd64-py2.7-1.msi', 'pyfai', '0.13.1', 'py27-none-windows x86_64'],
    ['cbmpy-0.7.8-1.win-amd64.msi', 'cbmpy', '0.7.8-1', 'py2+py3-none-windows x86_64'],
    ['pyOpenSSL-0.13.winxp32-py3.2.msi', 'pyopenssl', '0.13', 'py32-none-windows'],
    ['psifas-0.3.msi', 'psifas', '0.3', 'py2+py3-none-windows'],
  ],
  rpm: [
    ['Aglyph-3.0.0-1.noarch.rpm', 'aglyph', '3.0.0', 'py2+py3-none-linux'],
    ['Aglyph-3.0.0-1.src.rpm', 'aglyph', '3.0.0', 'py2+py3-none-linux'],
    ['anuga-1.3.1-1.x86_64.rpm', 'anuga', '1.3.1', 'py2+py3-none-linux x86_64'],
    ['ll-core-1.2-1.i386.rpm', 'll-core', '1.2', 'py2+py3-none-linux i686'],
    ['clustershell-1.2-1.el5.noarch.rpm', 'clustershell', '1.2', 'py2+py3-none-linux'],
    ['btk-0.3.0-1_x86_64.rpm', 'btk', '0.3.0', 'py2+py3-none-linux x86_64'],
    ['python-turboflot-0.0.5-2.fc8.noarch.rpm', 'turboflot', '0.0.5', 'py2+py3-none-linux'],
  ],
  deb: [
    ['python-thing_1.0-1_all.deb', 'thing', '1.0', 'py2+py3-none-linux'],
    ['thing_1.0~rc1_amd64.deb', 'thing', '1.0~rc1', 'py2+py3-none-linux x86_64'],
    ['thing_1.0-2-1_all.deb', 'thing', '1.0-2', 'py2+py3-none-linux'],
  ],
  dmg: [
    ['thing-1.0.macosx-10.6-intel.dmg', 'thing', '1.0', 'py2+py3-none-macos i686,x86_64'],
    ['thing-1.0.dmg', 'thing', '1.0', 'py2+py3-none-macos'],
  ],
  dumb: [
    ['luigi-1.0.9.macosx-10.7-intel.tar.gz', 'luigi', '1.0.9', 'py2+py3-none-macos i686,x86_64'],
    ['4ch-1.0.0.linux-x86_64.tar.gz', '4ch', '1.0.0', 'py2+py3-none-linux x86_64'],
    ['AccelBrainBeat-1.0.0.win-amd64.zip', 'accelbrainbeat', '1.0.0', 'py2+py3-none-windows x86_64'],
    ['thing-1.0.win32.zip', 'thing', '1.0', 'py2+py3-none-windows i686'],
    ['pypi-simple-0.1.0.dev1.linux-x86_64.tar.gz', 'pypi-simple', '0.1.0.dev1', 'py2+py3-none-linux x86_64'],
  ],
  variants: [['my_thing-1.0_1-variants.json', 'my-thing', '1.0-1']],
  other: [
    ['pip-18.0.tar.gz.txt', 'pip', undefined],
    ['README', 'pip', undefined],
  ],
};

for (const [kind, rows] of Object.entries({ wheel: wheels, sdist: sdists, ...others })) {
  t.test(`the name of a file tells that it is of kind ${kind}, its version and where it can be used`, async (t) => {
    for (const [filename, project, version, tags = ''] of rows) {
      const name = parseDistributionName(filename, projectName(project));
      t.same([name?.kind, name?.version, name && told(name)], [kind, version, tags], `${filename} of ${project}`);
    }
  });
}

t.test('there are enough names in the tables', async (t) => {
  const rows = [...wheels, ...sdists, ...Object.values(others).flat()];
  t.ok(rows.length >= 100, `${rows.length} names`);
});

t.test('the project is spelled as in the name', async (t) => {
  const spelled = (filename: string, project?: string) =>
    parseDistributionName(filename, projectName(project ?? ''))?.project;
  t.equal(spelled('Foo.Bar-1.0-py3-none-any.whl', 'foo-bar'), 'Foo.Bar');
  t.equal(spelled('Foo--Bar-1.0.tar.gz', 'foo-bar'), 'Foo--Bar');
  t.equal(spelled('foo-bar-1.0-py3-none-any.whl', 'foo-bar'), 'foo-bar');
  t.equal(spelled('foo-bar-1.0-py3-none-any.whl', 'foo'), 'foo');
  t.equal(spelled('python-thing_1.0-1_all.deb', 'thing'), 'python-thing');
});

t.test('without the project, the version begins with the first number', async (t) => {
  const split = (filename: string) => {
    const { project, version } = parseDistributionName(filename) ?? {};
    return [project, version];
  };
  t.same(split('my-tool-1.0-beta1.tar.gz'), ['my-tool', '1.0-beta1']);
  t.same(split('my_tool-1.0.tar.gz'), ['my_tool', '1.0']);
  t.same(split('py3-dns-v2.0.zip'), ['py3-dns', 'v2.0']);
  t.same(split('my-thing-snapshot.zip'), ['my-thing', 'snapshot']);
  t.same(split('Appium-Python-Client-0.3.macosx-10.9-intel.tar.gz'), ['Appium-Python-Client', '0.3']);
  t.same(split('my_tool-1.0-py3-none-any.whl'), ['my_tool', '1.0']);
  t.same(split('alone.zip'), ['alone', undefined]);
});

t.test('a build tag begins with a digit, a variant label (PEP 825) stands last', async (t) => {
  const parts = (filename: string) => {
    const { version, build, variant, tags } = parseDistributionName(filename, projectName('foo')) ?? {};
    return [version, build, variant, tags?.abis.join('.')];
  };
  t.same(parts('foo-1.0-cp313-abi3-win32.whl'), ['1.0', undefined, undefined, 'abi3']);
  t.same(parts('foo-1.0-2-cp313-abi3-win32.whl'), ['1.0', '2', undefined, 'abi3']);
  t.same(parts('foo-1.0-2b_x-cp313-abi3-win32.whl'), ['1.0', '2b_x', undefined, 'abi3']);
  t.same(parts('foo-1.0-cp313-abi3-win32-x8664v3.whl'), ['1.0', undefined, 'x8664v3', 'abi3']);
  t.same(parts('foo-1.0-2-cp313-abi3-win32-x8664v3.whl'), ['1.0', '2', 'x8664v3', 'abi3']);
});

t.test('a wheel whose name has too few or too many parts has no tags', async (t) => {
  const names = ['foo.whl', 'foo-1.0.whl', 'foo-1.0-py3.whl', 'foo-1.0-py3-any.whl', 'foo-1.0-2-py3-none-any-x-y.whl'];
  for (const name of names) {
    const { kind, tags } = parseDistributionName(name) ?? {};
    t.same([kind, tags], ['wheel', undefined], name);
  }
});

t.test('what can be no name of a file is none', async (t) => {
  t.equal(parseDistributionName(''), undefined);
  t.equal(parseDistributionName('a/b-1.0.tar.gz'), undefined);
  t.equal(parseDistributionName(`${'a'.repeat(248)}-1.0.zip`), undefined);
  t.equal(parseDistributionName(`${'a'.repeat(247)}-1.0.zip`)?.version, '1.0');
});

t.test('no name is too strange to be read', async (t) => {
  const parts = '- _ . py3 cp312 none win32 linux 1 + any .tar .whl'.split(' ');
  const made = fc.array(fc.constantFrom(...parts), { maxLength: 80 }).map((chosen) => chosen.join(''));
  const name = fc.oneof(fc.string({ maxLength: 40 }), made);
  const suffix = fc.constantFrom('', '.whl', '.tar.gz', '.egg', '.exe', '.rpm', '.deb', '.zip', '-variants.json');
  const project = fc.constantFrom(undefined, projectName('py3'), projectName('a-b'));
  const reads = fc.property(name, suffix, project, (stem, end, about) => {
    const { version, tags } = parseDistributionName(stem + end, about) ?? {};
    if (tags !== undefined) wheelFits(tags, { systems: ['linux'], machines: ['x86_64'], abis: ['abi3'] });
    return version !== '';
  });
  t.doesNotThrow(() => fc.assert(reads, { numRuns: 2000 }));
});

t.test('every file that a mirror may hold has a kind', async (t) => {
  const endings = [
    '.whl',
    '.tar.gz',
    '.zip',
    '.egg',
    '.exe',
    '.bz2',
    '.tgz',
    '.rpm',
    '.deb',
    '.dmg',
    '.msi',
    '.tar.xz',
  ];
  for (const ending of [...endings, '.tar.z', '.tar.Z', '.tbz', '-variants.json']) {
    t.ok(isFileName(`a-1.0${ending}`), ending);
    t.not(parseDistributionName(`a-1.0${ending}`)?.kind, 'other', ending);
  }
});

t.test('the recorded pages: every file is of a version of its page', { skip: recordingsMissing }, async (t) => {
  let files = 0;
  for (const path of recordings('simple-json')) {
    const page = parseSimplePage(recording(path), path);
    const versions: unknown = page.json.versions;
    for (const { filename } of page.files) {
      const name = parseDistributionName(filename, projectName(page.name));
      t.equal(name?.kind, filename.endsWith('.whl') ? 'wheel' : 'sdist', filename);
      t.equal(name?.tags === undefined, name?.kind === 'sdist', filename);
      if (Array.isArray(versions)) t.ok(versions.includes(name?.version), filename);
      files += 1;
    }
  }
  t.ok(files > 20, `${files} files`);
});

t.test('the recorded JSON API: kind and version are what the index says', { skip: recordingsMissing }, async (t) => {
  const { releases, info } = JSON.parse(recording('legacy-json/luigi.project.json'));
  for (const [version, files] of Object.entries<{ filename: string; packagetype: string }[]>(releases)) {
    for (const { filename, packagetype } of files) {
      const name = parseDistributionName(filename, projectName(info.name));
      t.same([name?.kind, name?.version], [kindNamed(packagetype), version], filename);
    }
  }
});

t.test('kinds go by their names, those of the JSON API and the ends of names', async (t) => {
  for (const kind of knownKinds) t.equal(kindNamed(kind), kind);
  t.equal(kindNamed('Wheel'), 'wheel');
  t.equal(kindNamed('bdist_wininst'), 'wininst');
  t.equal(kindNamed('bdist_egg'), 'egg');
  t.equal(kindNamed('whl'), 'wheel');
  t.equal(kindNamed('exe'), 'wininst');
  t.equal(kindNamed('source'), 'sdist');
  t.equal(kindNamed('weel'), undefined);
  t.equal(kindNamed('constructor'), undefined);
});

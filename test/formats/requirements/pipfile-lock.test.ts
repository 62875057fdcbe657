import t from 'tap';
import { brief, listed, refuses, sha } from './listed.ts';

const lock = {
  _meta: {
    hash: { sha256: sha('0') },
    'pipfile-spec': 6,
    requires: { python_version: '3.12' },
    sources: [{ name: 'pypi', url: 'https://user:secret@index.example/simple', verify_ssl: true }],
  },
  default: {
    alpha: {
      hashes: [`sha256:${sha('a')}`, `sha256:${sha('B')}`],
      index: 'pypi',
      markers: "python_version >= '3.6'",
      version: '==1.0',
    },
    'Beta.Two': { extras: ['Fast_One'], hashes: [`sha256:${sha('c')}`], version: '==2.0.post1' },
    mine: { editable: true, path: '.' },
    gamma: { git: 'https://user:secret@git.example/gamma', ref: '00' },
    delta: { file: 'https://files.example/delta.whl', hashes: [] },
    epsilon: { file: '../epsilon.whl' },
  },
  develop: {
    alpha: { hashes: [`sha256:${sha('a')}`], version: '==1.0' },
    anything: { version: '*' },
  },
  docs: { zeta: {} },
};

t.test('a Pipfile.lock lists the packages of all categories', async (t) => {
  const { requirements, constraints, notes } = listed({ 'Pipfile.lock': JSON.stringify(lock, undefined, 4) });
  t.same(requirements.map(brief), [
    'Pipfile.lock:19 alpha==1.0 if #2',
    'Pipfile.lock:28 beta-two[fast-one]==2.0.post1 #1',
    'Pipfile.lock:45 delta @ https://files.example/delta.whl',
    'Pipfile.lock:54 alpha==1.0 #1',
    'Pipfile.lock:60 anything',
    'Pipfile.lock:65 zeta',
  ]);
  t.same(requirements[0]?.sha256s, [sha('a'), sha('b')]);
  t.same(constraints, []);
  t.same(notes, [
    'Pipfile.lock:37: "mine" is passed over: it comes from path, not from an index',
    'Pipfile.lock:41: "gamma" is passed over: it comes from git, not from an index',
    'Pipfile.lock:49: "epsilon" is passed over: it comes from a file, not from an index',
  ]);
});

t.test('without a line for each key the first line stands for all', async (t) => {
  t.same(
    listed({ 'Pipfile.lock': JSON.stringify(lock) }).requirements.map(brief)[0],
    'Pipfile.lock:1 alpha==1.0 if #2',
  );
});

t.test(
  'earlier specifications are read, and a lock that has lost the number, as pipenv installs from it',
  async (t) => {
    const { 'pipfile-spec': _, ...meta } = lock._meta;
    const read = (_meta: object): unknown => listed({ 'Pipfile.lock': JSON.stringify({ ...lock, _meta }) });
    t.same(read(meta), read(lock._meta));
    t.same(read({ ...meta, 'pipfile-spec': 5 }), read(lock._meta));
    // As pipenv wrote it in 2017.
    const old = {
      _meta: { hash: { sha256: sha('0') }, 'pipfile-spec': 2, sources: [{ url: 'https://pypi.python.org/simple' }] },
      default: { alpha: { hashes: [`sha256:${sha('a')}`], version: '==1.0' } },
      develop: {},
    };
    t.match(listed({ 'Pipfile.lock': JSON.stringify(old) }).requirements, [
      { requirement: { name: 'alpha' }, sha256s: [sha('a')], indexes: [{ address: 'https://pypi.python.org/simple' }] },
    ]);
  },
);

t.test('names that objects are born with are names', async (t) => {
  const text =
    '{"_meta": {"pipfile-spec": 6}, "__proto__": {"constructor": {"version": "==1"}, "x": {"__proto__": 1}}}';
  t.same(listed({ 'Pipfile.lock': text }).requirements.map(brief), [
    'Pipfile.lock:1 constructor==1',
    'Pipfile.lock:1 x',
  ]);
});

t.test('what is no Pipfile.lock is refused with file and line', async (t) => {
  const rows: [text: string, message: string | RegExp][] = [
    ['', /^Pipfile\.lock.*: expected JSON: /],
    ['{\n  "_meta": {}\n  "default": {}\n}', /^Pipfile\.lock:3: expected JSON: /],
    ['[]', 'Pipfile.lock:1: expected a JSON object, found something else'],
    ['{}', 'Pipfile.lock:1: expected _meta, found nothing'],
    [
      '{"_meta": {"pipfile-spec": 7}}',
      'Pipfile.lock:1: expected pipfile-spec 6 or before, found 7; give a requirements file that pipenv exports',
    ],
    [
      '{"_meta": {"pipfile-spec": "6"}}',
      'Pipfile.lock:1: expected pipfile-spec 6 or before, found "6"; give a requirements file that pipenv exports',
    ],
    ['{"_meta": {"pipfile-spec": 6}, "default": 1}', 'Pipfile.lock:1: expected packages in "default", found 1'],
  ];
  for (const [text, message] of rows) refuses(t, { 'Pipfile.lock': text }, message);
});

t.test('a package that is not one is refused with file and line', async (t) => {
  const rows: [name: string, value: unknown, message: string | RegExp][] = [
    ['a', 1, 'Pipfile.lock:1: expected a package, found 1'],
    ['../a', {}, 'Pipfile.lock:6: expected the name of a project, found "../a"'],
    ['a', { version: 1 }, 'Pipfile.lock:6: expected a version such as "==1.0", found 1'],
    ['a', { version: '1.0' }, 'Pipfile.lock:6: expected a version such as "==1.0", found "1.0"'],
    ['a', { hashes: 'x' }, 'Pipfile.lock:6: expected a list of hashes, found "x"'],
    ['a', { hashes: [1] }, 'Pipfile.lock:6: expected a hash such as sha256:…, found 1'],
    ['a', { markers: ['x'] }, 'Pipfile.lock:6: expected an environment marker, found something else'],
    ['a', { extras: [1] }, 'Pipfile.lock:6: expected the name of an extra, found 1'],
  ];
  for (const [name, value, message] of rows) {
    const text = JSON.stringify({ _meta: { 'pipfile-spec': 6 }, default: { [name]: value } }, undefined, 2);
    refuses(t, { 'Pipfile.lock': text }, message);
  }
});

import t from 'tap';
import { evaluateMarker } from '../../../src/packaging/marker.ts';
import { brief, listed, refuses, sha } from './listed.ts';

const lock = `version = 1
revision = 3
requires-python = ">=3.10"
resolution-markers = [
    "python_full_version >= '3.12'",
    "python_full_version < '3.12'",
]

[options]
exclude-newer = "2026-01-01T00:00:00Z"

[manifest]
members = ["mine", "other"]

[[package]]
name = "alpha"
version = "1.0"
source = { registry = "https://index.example/simple" }
resolution-markers = [
    "python_full_version < '3.11'",
    "python_full_version == '3.11.*'",
]
dependencies = [
    { name = "beta" },
    { name = "gamma", marker = "sys_platform == 'win32'" },
]
sdist = { url = "https://files.example/alpha-1.0.tar.gz", hash = "sha256:${sha('a')}", size = 159642 }
wheels = [
    { url = "https://files.example/alpha-1.0-py3-none-any.whl", hash = "sha256:${sha('b')}", size = 85584, upload-time = "2024-02-19T08:36:26.842Z" },
]

[package.optional-dependencies]
fast = [
    { name = "gamma" },
]

[[package]]
name = "alpha"
version = "2.0+local"
source = { registry = "../wheels" }
resolution-markers = [
    "python_full_version >= '3.12'",
]
wheels = [
    { path = "alpha-2.0+local-py3-none-any.whl" },
]

[[package]]
name = "beta"
version = "3.0"
source = { url = "https://files.example/beta-3.0-py3-none-any.whl" }
wheels = [
    { url = "https://files.example/beta-3.0-py3-none-any.whl", hash = "sha256:${sha('c')}" },
]

[[package]]
name = "mine"
version = "0.1.0"
source = { editable = "." }
dependencies = [
    { name = "alpha" },
]

[package.metadata]
requires-dist = [{ name = "alpha" }]

[[package]]
name = "gamma"
version = "0.1"
source = { git = "https://user:secret@git.example/gamma?rev=v0.1#00" }

[[package]]
name = "other"
source = { virtual = "other" }

[[package]]
name = "delta"
source = { path = "delta.tar.gz" }

[[package]]
name = "epsilon"
source = { directory = "epsilon" }
`;

t.test('a uv.lock lists the packages that come from an index', async (t) => {
  const { requirements, constraints, notes } = listed({ '/app/uv.lock': lock });
  t.same(requirements.map(brief), [
    '/app/uv.lock:15 alpha==1.0 if #2',
    '/app/uv.lock:37 alpha==2.0+local if',
    '/app/uv.lock:48 beta==3.0 @ https://files.example/beta-3.0-py3-none-any.whl #1',
  ]);
  t.same(requirements[0]?.sha256s, [sha('b'), sha('a')]);
  t.same(constraints, []);
  t.same(notes, [
    '/app/uv.lock:56: "mine" is passed over: its source is editable, not an index',
    '/app/uv.lock:67: "gamma" is passed over: its source is git, not an index',
    '/app/uv.lock:72: "other" is passed over: its source is virtual, not an index',
    '/app/uv.lock:76: "delta" is passed over: its source is path, not an index',
    '/app/uv.lock:80: "epsilon" is passed over: its source is directory, not an index',
  ]);
});

t.test('a package holds where one of its resolution markers does', async (t) => {
  const markers = listed({ 'uv.lock': lock }).requirements.map(({ requirement }) => requirement.marker);
  const holds = (python_full_version: string): (boolean | undefined)[] =>
    markers.map((marker) => marker && evaluateMarker(marker, { python_full_version }, undefined));
  t.same(holds('3.10.1'), [true, false, undefined]);
  t.same(holds('3.11.1'), [true, false, undefined]);
  t.same(holds('3.12.0'), [false, true, undefined]);
});

t.test('a project without dependencies has an empty lock', async (t) => {
  t.same(listed({ 'uv.lock': 'version = 1\nrequires-python = ">=3.12"\n' }).requirements, []);
});

t.test('what is no uv.lock is refused with file and line', async (t) => {
  refuses(
    t,
    { 'uv.lock': 'version = 2' },
    'uv.lock:1: expected version = 1 of uv.lock, found 2; give a requirements file that uv exports',
  );
  refuses(t, { 'uv.lock': '' }, /^uv\.lock:1: expected version = 1 of uv\.lock, found nothing/);
  const rows: [fields: string, message: string | RegExp][] = [
    ['name = "a"\nversion = "1"', 'uv.lock:3: expected a source, found nothing'],
    ['name = "a"\nversion = "1"\nsource = {}', 'uv.lock:3: expected a source such as registry, found nothing'],
    ['name = "a"\nversion = "1"\nsource.star = 1', 'uv.lock:3: expected a source such as registry, found "star"'],
    ['name = "a"\nsource.registry = "x"', 'uv.lock:3: expected a version, found nothing'],
    ['version = "1"\nsource.registry = "x"', 'uv.lock:3: expected the name of a project, found nothing'],
    ['name = "a"\nversion = "1"\nsource.registry = "x"\nwheels = [{ hash = "12" }]', /^uv\.lock:3: expected a hash/],
    ['name = "a"\nversion = "1"\nsource.registry = "x"\nsdist = "a"', 'uv.lock:3: expected a file, found "a"'],
    [
      'name = "a"\nversion = "1"\nsource.registry = "x"\nresolution-markers = "a"',
      /^uv\.lock:3: expected a list of markers/,
    ],
    [
      'name = "a"\nversion = "1"\nsource.registry = "x"\nresolution-markers = [1]',
      /^uv\.lock:3: expected an environment marker/,
    ],
  ];
  for (const [fields, message] of rows) refuses(t, { 'uv.lock': `version = 1\n\n[[package]]\n${fields}\n` }, message);
});

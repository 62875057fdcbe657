import fc from 'fast-check';
import t from 'tap';
import { UsageError } from '../../../src/core/errors.ts';
import { parseBandersnatchConf } from '../../../src/formats/migration/bandersnatch-conf.ts';

const source = '/etc/bandersnatch.conf';

/** The values of the file, by section and key. */
function values(...lines: readonly string[]): Record<string, Record<string, string>> {
  const conf = parseBandersnatchConf(lines.join('\n'), source);
  return Object.fromEntries(
    [...conf].map(([section, settings]) => [
      section,
      Object.fromEntries([...settings].map(([key, { value }]) => [key, value])),
    ]),
  );
}

t.test('settings are read by section and key, with the line of the key', async (t) => {
  const conf = parseBandersnatchConf(
    '; a mirror\n[mirror]\nmaster = https://pypi.org\n\nworkers=3\n[plugins]\nenabled =\n  a\n  b\nx = y\n',
    source,
  );
  t.strictSame(conf.get('mirror')?.get('master'), { value: 'https://pypi.org', line: 3 });
  t.strictSame(conf.get('mirror')?.get('workers'), { value: '3', line: 5 });
  t.strictSame(conf.get('plugins')?.get('enabled'), { value: '\na\nb', line: 7 });
  t.strictSame(conf.get('plugins')?.get('x'), { value: 'y', line: 10 });
});

t.test('keys are the same in any case, and with a dash or an underscore', async (t) => {
  t.strictSame(values('[mirror]', 'Release-Files = false', 'keep_index-versions = 1'), {
    mirror: { release_files: 'false', keep_index_versions: '1' },
  });
});

t.test('a colon parts nothing: keys of filters contain colons', async (t) => {
  t.strictSame(values('[regex_project_metadata]', 'not-null:info.classifiers =', '  .*Python :: 2.*'), {
    regex_project_metadata: { 'not_null:info.classifiers': '\n.*Python :: 2.*' },
  });
  t.throws(() => values('[mirror]', 'workers: 3'), { message: /:2: expected \[section\] or key = value/ });
});

t.test('only the first equals sign parts, and space around it does not matter', async (t) => {
  t.strictSame(values('[a]', 'x=1', 'y  =  a = b  ', 'z =', '"q" = "r"'), {
    a: { x: '1', y: 'a = b', z: '', '"q"': '"r"' },
  });
});

t.test('indented lines continue a value, past empty lines and comments', async (t) => {
  t.strictSame(
    values('[a]', 'x = 1', '  2', '', '    3', '# no', '  ; no', '\t4', '', '', 'y =', ' [b]', ' z = 5', '', '[c]'),
    { a: { x: '1\n2\n\n3\n4', y: '\n[b]\nz = 5' }, c: {} },
  );
  t.strictSame(values('  [a]', '  x = 1', '  y = 2', '   3'), { a: { x: '1', y: '2\n3' } }, 'further than their key');
});

t.test('comments are whole lines', async (t) => {
  t.strictSame(values('# x', '[a] ; y', ';x = 1', 'y = 1 # 2', 'z = 1 ; 2'), { a: { y: '1 # 2', z: '1 ; 2' } });
});

t.test('lines may end as on any system, and the file may begin with a byte order mark', async (t) => {
  const conf = parseBandersnatchConf('\ufeff[a]\r\nx = 1\r\n  2\ry = 3', source);
  t.strictSame(
    [...(conf.get('a') ?? [])],
    [
      ['x', { value: '1\n2', line: 2 }],
      ['y', { value: '3', line: 4 }],
    ],
  );
});

t.test('a reference stands for another value', async (t) => {
  t.strictSame(
    values(
      '[mirror]',
      'directory = /srv',
      `diff-file = \${mirror:Directory}/new`,
      `other = \${diff-file}\${diff_file}`,
      `price = $$5 $\${x}`,
      '[b]',
      `names = \${mirror:other}`,
    ),
    {
      mirror: { directory: '/srv', diff_file: '/srv/new', other: '/srv/new/srv/new', price: `$5 \${x}` },
      b: { names: '/srv/new/srv/new' },
    },
  );
});

t.test('a dollar that is no reference stays, as patterns end in one', async (t) => {
  t.strictSame(values('[filter_regex]', 'packages =', '  .+-evil$', '  $x'), {
    filter_regex: { packages: '\n.+-evil$\n$x' },
  });
});

t.test('what the section DEFAULT says holds everywhere', async (t) => {
  t.strictSame(
    values(
      '[DEFAULT]',
      'base = /srv',
      '[a]',
      `x = \${base}/a`,
      '[b]',
      'base = /b',
      `y = \${base}`,
      '[DEFAULT]',
      'z = 1',
    ),
    { a: { base: '/srv', x: '/srv/a', z: '1' }, b: { base: '/b', y: '/b', z: '1' } },
  );
});

t.test('a reference may name the section DEFAULT', async (t) => {
  t.strictSame(values('[DEFAULT]', 'base = /srv', `x = \${y}`, '[a]', `y = \${DEFAULT:base}/a`), {
    a: { base: '/srv', x: '/srv/a', y: '/srv/a' },
  });
});

t.test('names that objects have of their own are names like others', async (t) => {
  const conf = parseBandersnatchConf('[__proto__]\nconstructor = 1\n__proto__ = 2\n[constructor]\n', source);
  t.strictSame([...conf.keys()], ['__proto__', 'constructor']);
  t.strictSame([...(conf.get('__proto__')?.keys() ?? [])], ['constructor', '__proto__']);
  t.throws(() => values('[a]', `x = \${toString}`), { message: /stands for nothing/ });
});

t.test('a line that means nothing is an error with its number', async (t) => {
  const wrong: [string[], RegExp][] = [
    [['x = 1'], /conf:1: expected \[section\] first, found "x = 1"/],
    [['', '# c', 'x'], /conf:3: expected \[section\] or key = value, found "x"/],
    [['[a]', 'x'], /conf:2: expected \[section\] or key = value, found "x"/],
    [['[a]', '= 1'], /conf:2: expected \[section\] or key = value/],
    [['[]'], /conf:1: expected \[section\] or key = value/],
    [['[a', 'x = 1'], /conf:1: expected \[section\] or key = value/],
    [['[a]', '[b]', '[a]'], /conf:3: section \[a\] is there twice/],
    [['[a]', 'x-y = 1', 'X_Y = 2'], /conf:3: x_y is there twice/],
    [['[a]', `x = \${y}`], /conf:2: \$\{y\} stands for nothing/],
    [['[a]', `x = \${b:y}`], /conf:2: \$\{b:y\} stands for nothing/],
    [['[a]', `x = \${a:b:c}`], /conf:2: \$\{a:b:c\} stands for nothing/],
    [['[a]', `x = \${`], /conf:2: a reference without/],
    [['[a]', `x = \${}`], /conf:2: a reference without/],
    [['[a]', `x = \${\${y}}`], /conf:2: a reference without/],
    [['[a]', `x = \${x}`], /conf:2: \$\{x\} refers to itself/],
    [['[a]', `x = \${y}`, `y = \${x}`], /refers to itself/],
    [[`[a]`, `${'x'.repeat(10_000)}\u001b[2J`], /^.{1,200}$/],
  ];
  for (const [lines, problem] of wrong) {
    t.throws(() => values(...lines), UsageError, lines.join(' | ').slice(0, 80));
    t.throws(() => values(...lines), { message: problem });
  }
});

t.test('references cannot make a small file large', async (t) => {
  const doubled = Array.from({ length: 9 }, (_, index) => `x${index} = ${`\${x${index + 1}}`.repeat(100)}`);
  for (const last of ['', 'x'.repeat(1000)]) t.throws(() => values('[a]', ...doubled, `x9 = ${last}`), UsageError);
  const sections = Array.from({ length: 2000 }, (_, index) => `[s${index}]`);
  const defaults = Array.from({ length: 2000 }, (_, index) => `k${index} = 1`);
  t.throws(() => values('[DEFAULT]', ...defaults, ...sections), { message: /too many settings/ });
});

t.test('defaults cannot make many sections large', async (t) => {
  const sections = Array.from({ length: 20_000 }, (_, index) => `[s${index}]`);
  t.throws(() => values('[DEFAULT]', `k = ${'x'.repeat(100_000)}`, ...sections), { message: /too many settings/ });
  t.equal(Object.keys(values('[DEFAULT]', `k = ${'x'.repeat(400)}`, ...sections)).length, 20_000);
});

t.test('any text is read, or is wrong usage', async () => {
  const piece = fc.constantFrom(
    '[a]',
    '[',
    ']',
    '=',
    'x',
    `\${`,
    '}',
    '$',
    ':',
    '\n',
    '\n  ',
    ' ',
    '#',
    ';',
    'DEFAULT',
    'ä\0',
  );
  fc.assert(
    fc.property(fc.oneof(fc.array(piece), fc.array(fc.string())), (pieces) => {
      try {
        parseBandersnatchConf(pieces.join(''), source);
        return true;
      } catch (error) {
        return error instanceof UsageError;
      }
    }),
    { numRuns: 2000 },
  );
});

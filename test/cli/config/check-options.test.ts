import t from 'tap';
import { checkHelp, parseCheckOptions } from '../../../src/cli/config/check-options.ts';
import { UsageError } from '../../../src/core/errors.ts';

const flags = [
  '--quiet',
  '--help',
  '--version',
  '--quick',
  '--repair',
  '--delete-unreferenced',
  '--rebuild',
  '--verify-snapshot',
];
const valued = ['--subset', '--log-format', '--key'];

function problem(...argv: string[]): string {
  try {
    return `accepted: ${JSON.stringify(parseCheckOptions(argv))}`;
  } catch (error) {
    return error instanceof UsageError ? error.message : `crashed: ${String(error)}`;
  }
}

const settings = { quick: false, subset: undefined, repair: false, deleteUnreferenced: false };
const plain = { kind: 'check', target: '/srv/pypi', quiet: false, logFormat: 'text', settings, key: undefined };

t.test('a target alone is enough, as in 1.5', async (t) => {
  t.same(parseCheckOptions(['/srv/pypi']), plain);
});

t.test('every option does what the help says, before and after the target', async (t) => {
  const cases: [string[], object][] = [
    [['-q'], { quiet: true }],
    [['--quiet'], { quiet: true }],
    [['--quick'], { settings: { ...settings, quick: true } }],
    [['--repair'], { settings: { ...settings, repair: true } }],
    [['--delete-unreferenced'], { settings: { ...settings, deleteUnreferenced: true } }],
    [['--subset', '3/30'], { settings: { ...settings, subset: { number: 3, of: 30 } } }],
    [['--subset=1/1'], { settings: { ...settings, subset: { number: 1, of: 1 } } }],
    [['--subset', 'auto', '--quick'], { settings: { ...settings, subset: 'auto', quick: true } }],
    [['--rebuild'], { kind: 'rebuild' }],
    [['--log-format', 'json'], { logFormat: 'json' }],
    [['--verify-snapshot'], { kind: 'verify' }],
    [['--verify-snapshot', '--key', 'a.pub'], { kind: 'verify', key: 'a.pub' }],
  ];
  for (const [options, expected] of cases) {
    t.same(parseCheckOptions([...options, '/srv/pypi']), { ...plain, ...expected }, options.join(' '));
    t.same(parseCheckOptions(['/srv/pypi', ...options]), { ...plain, ...expected });
  }
});

t.test('help and version need no target', async (t) => {
  for (const option of ['-h', '--help', '-qh']) t.same(parseCheckOptions([option]), { kind: 'help' });
  t.same(parseCheckOptions(['--version']), { kind: 'version' });
});

t.test('without a target, or with two, nothing is checked', async (t) => {
  for (const argv of [[], ['-q'], [''], ['a', 'b'], ['--', 'a', 'b'], ['--subset', '1/2']]) {
    t.equal(problem(...argv), 'You have to specify a target directory', argv.join(' '));
  }
  t.match(parseCheckOptions(['--', '--quick']), { target: '--quick', settings: { quick: false } });
});

t.test('an invalid share is refused', async (t) => {
  for (const text of ['0/3', '4/3', '1', '1/0', '/', '1/2/3', '-1/3', '1.5/3', 'Auto', '1/1000001', 'all']) {
    const message = `--subset: expected a share such as 1/30, or auto, found "${text}"`;
    t.equal(problem(`--subset=${text}`, '/srv/pypi'), message);
  }
  t.equal(problem('--log-format=xml', '/srv/pypi'), '--log-format: expected text or json, found "xml"');
});

t.test('options that do not go together are refused', async (t) => {
  t.equal(
    problem('--delete-unreferenced', '--subset', 'auto', 't'),
    '--delete-unreferenced needs a check of everything; leave --subset out',
  );
  for (const other of ['--quick', '--repair', '--delete-unreferenced', '--subset=1/2']) {
    t.match(problem('--rebuild', other, 't'), '--rebuild goes with no other option but', other);
  }
  t.match(problem('--rebuild', '-q', '--log-format', 'json', 't'), 'accepted');
});

t.test('unknown options are refused, with the option that was probably meant', async (t) => {
  t.match(problem('--quik', 't'), 'no such option: --quik; did you mean --quick?');
  t.match(problem('--delete', 't'), 'no such option: --delete; ');
  t.match(problem('--no-quiet', 't'), 'no such option: --no-quiet');
  t.match(problem('-x', 't'), 'no such option: -x');
  for (const option of flags) t.equal(problem(`${option}=yes`, 't'), `${option} takes no value`);
  for (const option of valued) {
    t.equal(problem('t', option), `${option} requires a value`);
    t.equal(problem(option, 'a', option, 'a', 't'), `${option} is given twice`);
  }
});

t.test('the help names every option and every exit code', async (t) => {
  for (const option of [...flags, ...valued]) t.match(checkHelp, `${option} `, option);
  for (const code of [0, 1, 2, 4]) t.match(checkHelp, new RegExp(`\\b${code} [a-z]`));
  t.ok(checkHelp.split('\n').every((line) => line.length <= 101));
});

t.test('the options that verify a snapshot exclude all others', async (t) => {
  for (const other of ['--quick', '--repair', '--delete-unreferenced', '--subset=1/2']) {
    t.match(problem('--verify-snapshot', other, 'x'), /^--verify-snapshot goes with no other option but --key/, other);
  }
  t.match(problem('--verify-snapshot', '--rebuild', 'x'), /^--rebuild goes with no other option/);
  t.equal(problem('--key', 'a.pub', 'x'), '--key goes with --verify-snapshot only');
});

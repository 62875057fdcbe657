import t from 'tap';
import { parseRunOptions, type RunCommand, runHelp } from '../../../src/cli/config/run-options.ts';
import { UsageError } from '../../../src/core/errors.ts';

const flags = [
  '--quiet',
  '--help',
  '--version',
  '--index-only',
  '--all',
  '--reconcile',
  '--dry-run',
  '--plan',
  '--status',
];
const valued = ['--upstream', '--project', '--workers', '--log-format', '--why', '--backup'];

/** What a command line asks for, in a form that is easy to compare. */
function parse(...argv: string[]): unknown {
  const command: RunCommand = parseRunOptions(argv);
  if (command.kind !== 'run') return command.kind;
  const { kind: _, given, ...rest } = command;
  return { ...rest, given: Object.fromEntries([...given].map(([name, { value }]) => [name, value])) };
}

function problem(...argv: string[]): string {
  try {
    return `accepted: ${JSON.stringify(parse(...argv))}`;
  } catch (error) {
    return error instanceof UsageError ? error.message : `crashed: ${String(error)}`;
  }
}

const plain = {
  target: '/srv/pypi',
  quiet: false,
  reconcile: false,
  acceptChanges: [],
  all: false,
  dryRun: false,
  plan: false,
  given: {},
};

t.test('a target alone is enough', async (t) => {
  t.same(parse('/srv/pypi'), plain);
});

t.test('the options that cron and the CGI use work as in 1.5', async (t) => {
  t.same(parse('-q', '/srv/pypi'), { ...plain, quiet: true });
});

t.test('every option does what the help says, before and after the target', async (t) => {
  const cases: [string[], object][] = [
    [['-q'], { quiet: true }],
    [['--quiet'], { quiet: true }],
    [['-qq'], { quiet: true }],
    [['-q', '--quiet'], { quiet: true }],
    [['--reconcile'], { reconcile: true }],
    [['--accept-changes', 'a'], { acceptChanges: ['a'] }],
    [['--accept-changes=A.b', '--accept-changes', 'c'], { acceptChanges: ['a-b', 'c'] }],
    [['--all'], { all: true }],
    [['--dry-run'], { dryRun: true }],
    [['--plan'], { plan: true, dryRun: true }],
    [['--plan', '--reconcile'], { plan: true, dryRun: true, reconcile: true }],
    [['--index-only'], { given: { 'index-only': true } }],
    [['--upstream', 'https://x'], { given: { upstream: 'https://x' } }],
    [['--upstream=https://x?a=b'], { given: { upstream: 'https://x?a=b' } }],
    [['--project', 'a'], { given: { projects: 'a' } }],
    [['--project', 'a', '--project=b'], { given: { projects: ['a', 'b'] } }],
    [['--workers', '5'], { given: { workers: '5' } }],
    [['--workers=0x5'], { given: { workers: '0x5' } }],
    [['--log-format', 'json'], { given: { 'log-format': 'json' } }],
    [
      ['-q', '--dry-run', '--workers', '5', '--reconcile'],
      { quiet: true, dryRun: true, reconcile: true, given: { workers: '5' } },
    ],
  ];
  for (const [options, expected] of cases) {
    t.same(parse(...options, '/srv/pypi'), { ...plain, ...expected }, options.join(' '));
    t.same(parse('/srv/pypi', ...options), { ...plain, ...expected }, `TARGET ${options.join(' ')}`);
  }
});

t.test('--why, --status and --example-config are read with their subject and target', async (t) => {
  const given = new Map();
  const target = '/srv/pypi';
  t.same(parseRunOptions(['--why', 'flask==3.0', target]), { kind: 'why', subject: 'flask==3.0', target, given });
  t.same(parseRunOptions([target, '--status']), { kind: 'status', target, given });
  t.same(parseRunOptions(['--example-config']), { kind: 'example' });
  t.match(parseRunOptions(['--status', '--log-format=json', target]), { given: new Map([['log-format', Object]]) });
});

t.test('two inspecting options, or one and a run, exclude each other', async (t) => {
  t.equal(problem('--why', 'a', '--status', 't'), '--why and --status cannot be given together');
  t.equal(problem('--status', '--plan', 't'), '--status and --plan cannot be given together');
  t.equal(problem('--accept-changes=', 't'), '--accept-changes requires a value');
  t.equal(problem('--accept-changes=../x', 't'), '--accept-changes: "../x" is no valid project name');
  t.equal(problem('--why=a', '--reconcile', 't'), '--why and --reconcile cannot be given together');
});

t.test('an option without effect is refused', async (t) => {
  const rows: readonly (readonly [string[], string])[] = [
    [['--restore', 'a', '--dry-run'], '--restore and --dry-run'],
    [['--restore', 'a', '--upstream=https://x'], '--restore and --upstream'],
    [['--restore', 'a', '--project=b'], '--restore and --project'],
    [['--status', '--dry-run', '--all'], '--status and --all'],
    [['-q', '--status'], '--status and --quiet'],
    [['--status', '--workers', '5'], '--status and --workers'],
    [['--why=a', '--accept-changes=b'], '--why and --accept-changes'],
    [['--why=a', '--restore=b'], '--why and --restore'],
  ];
  for (const [options, both] of rows) t.equal(problem(...options, 't'), `${both} cannot be given together`);
  t.equal(parse('--why=a', '--index-only', '--log-format=json', 't'), 'why');
  t.match(parseRunOptions(['-q', '--restore=A.b', '--restore=a-b', '--log-format=json', 't']), {
    kind: 'restore',
    quiet: true,
    names: ['a-b'],
  });
});

t.test('an error of a setting names the option that gave it', async (t) => {
  const command = parseRunOptions(['--project', 'a', '--workers=5', '--index-only', 't']);
  t.same(command.kind === 'run' && [...command.given].map(([name, { where }]) => [name, where]), [
    ['projects', '--project'],
    ['workers', '--workers'],
    ['index-only', '--index-only'],
  ]);
});

t.test('help and version need no target', async (t) => {
  t.equal(parse('-h'), 'help');
  t.equal(parse('--help'), 'help');
  t.equal(parse('-qh'), 'help');
  t.equal(parse('--version'), 'version');
  t.equal(parse('--version', '--help', '/srv/pypi'), 'help');
});

t.test('without a target, or with two, nothing is run', async (t) => {
  for (const argv of [[], ['-q'], [''], ['a', 'b'], ['--', 'a', 'b'], ['--'], ['--project', 'a']]) {
    t.equal(problem(...argv), 'You have to specify a target directory', argv.join(' '));
  }
});

t.test('a target may look like a number or, after two dashes, like an option', async (t) => {
  t.match(parse('2026'), { target: '2026' });
  t.match(parse('0x10'), { target: '0x10' });
  t.match(parse('--', '-q'), { target: '-q', quiet: false });
  t.match(parse('-q', '--', '--workers'), { target: '--workers', quiet: true });
  t.match(parse('--project', 'a', '--', '--bogus'), { target: '--bogus', given: { projects: 'a' } });
});

t.test('an option that does not exist is refused, with the one that was probably meant', async (t) => {
  const cases: [string, string][] = [
    ['--quite', '; did you mean --quiet?'],
    ['--Quiet', '; did you mean --quiet?'],
    ['--dryrun', '; did you mean --dry-run?'],
    ['--worker', '; did you mean --workers?'],
    ['--projects', '; did you mean --project?'],
    ['--upstrem', '; did you mean --upstream?'],
    ['--no-quiet', '; did you mean --quiet?'],
    ['--frobnicate', '; known are --quiet, --help, '],
    ['--constructor', '; known are'],
    ['--__proto__', '; known are'],
    ['--toString', '; known are'],
    ['--quiet.x', '; did you mean --quiet?'],
    ['---quiet', '; did you mean --quiet?'],
    ['-x', '; known are'],
    ['-qx', '; known are'],
    ['-q5', '; known are'],
    ['-5', '; known are'],
  ];
  for (const [option, advice] of cases) {
    t.match(problem(option, '/srv/pypi'), `no such option: ${option}${advice}`, option);
    t.match(problem('/srv/pypi', option), `no such option: ${option}${advice}`);
  }
  t.match(problem('--bogus=secret', 't'), 'no such option: --bogus;', 'its value is not repeated');
  t.match(problem('--help', '--bogus'), 'no such option', 'not even beside --help');
});

t.test('an option that takes a value must have one, and only once', async (t) => {
  for (const option of valued) {
    t.equal(problem('/srv/pypi', option), `${option} requires a value`);
    t.equal(problem(`${option}=`, '/srv/pypi'), `${option} requires a value`);
    t.equal(problem(option, '--quiet', '/srv/pypi'), `${option} requires a value`);
    if (option === '--project') continue;
    t.equal(problem(option, 'a', option, 'a', '/srv/pypi'), `${option} is given twice`);
    t.equal(problem(`${option}=a`, option, 'b', '/srv/pypi'), `${option} is given twice`);
  }
});

t.test('an option that takes no value must have none', async (t) => {
  for (const option of flags) {
    for (const value of ['true', 'false', 'yes', '']) {
      t.equal(problem(`${option}=${value}`, '/srv/pypi'), `${option} takes no value`);
    }
  }
  t.match(problem('-q=1', '/srv/pypi'), 'no such option: -q');
});

t.test('the help names every option and every exit code', async (t) => {
  for (const option of [...flags, ...valued]) t.match(runHelp, `${option} `, option);
  for (const code of [0, 1, 2, 3, 4]) t.match(runHelp, new RegExp(`\\b${code} [a-z]`));
  t.ok(runHelp.split('\n').every((line) => line.length <= 100));
});

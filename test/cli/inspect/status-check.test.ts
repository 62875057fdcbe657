/** What a monitoring system is told of a mirror. */
import t from 'tap';
import { parseRunOptions } from '../../../src/cli/config/run-options.ts';
import { defaultThresholds, type Thresholds } from '../../../src/cli/config/thresholds.ts';
import type { Status } from '../../../src/cli/inspect/status.ts';
import { judgeStatus } from '../../../src/cli/inspect/status-check.ts';
import { unknownVerdict } from '../../../src/cli/inspect/verdict.ts';

const now = Date.UTC(2026, 10, 22, 12);
const before = (hours: number): string => new Date(now - hours * 3_600_000).toISOString();

const well: Status = {
  target: '/srv/pypi',
  upstream: 'https://pypi.org',
  serial: 123,
  projects: 1234,
  files: 56_789,
  bytes: 5 * 1024 ** 3,
  lastComplete: before(0.2),
  running: false,
  queued: 0,
  parked: 0,
  provenance: undefined,
  unmet: [],
  unmetCount: 0,
  oddFiles: 0,
  latestOdd: [],
  disk: { size: 1000, free: 500 },
  runs: [{ started: before(0.2), seconds: 1, exitCode: 0, summary: '' }],
  longestParked: [],
  rules: [],
  ruleCount: 0,
};

/** Returns the limits that these arguments set. */
function limits(...args: string[]): Thresholds {
  const command = parseRunOptions(['--status', '--check', ...args, '/srv/pypi']);
  if (command.kind !== 'status' || command.check === undefined) throw new Error('no check');
  return command.check;
}

const judge = (more: Partial<Status>, ...args: string[]) => judgeStatus({ ...well, ...more }, limits(...args), now);

t.test('a mirror that is well is OK, in one line with its values', async (t) => {
  t.same(judge({}), {
    code: 0,
    line:
      'PEP381 OK - complete as of 12 min 00 s ago; 1,234 projects, 56,789 files, 5.0 GiB; 500 B free | ' +
      'age=720s;21600;86400;0 parked=0;20;;0 held-back=0;0;;0 alarms=0;0;;0 free=500B;100:;30:;0',
  });
});

t.test('each value has its limits', async (t) => {
  const cases: readonly (readonly [Partial<Status>, number, RegExp])[] = [
    [{ lastComplete: before(7) }, 1, /^PEP381 WARNING - the last complete run began 7 h 00 min ago \|/],
    [{ lastComplete: before(25) }, 2, /^PEP381 CRITICAL - the last complete run began 1 d 01 h ago \|/],
    [
      { oldestQueued: before(24 * 8), queued: 1 },
      1,
      /WARNING - a project is queued since 8 d 00 h ago \| .*queue=691200s/,
    ],
    [{ parked: 21 }, 1, /WARNING - 21 projects could not be finished \|/],
    [{ parked: 20 }, 0, /OK/],
    [
      { parked: 51, heldBack: 51 },
      1,
      /WARNING - 51 deletions held back; to let them go: pep381run --allow-deletions 51 \/srv\/pypi \| .*parked=0;/,
    ],
    [{ recentAlarms: 2 }, 1, /WARNING - 2 alarms in a day \(pep381run --status/],
    [{ disk: { size: 1000, free: 99 } }, 1, /WARNING - 99 B free of 1000 B \|/],
    [{ disk: { size: 1000, free: 29 } }, 2, /CRITICAL - 29 B free/],
    [{ lastCheck: { finished: before(24 * 41), exitCode: 0, findings: 0 } }, 1, /the last check ended 41 d 00 h ago/],
    [{ lastCheck: { finished: before(1), exitCode: 1, findings: 3 } }, 1, /the last check found damage: 3 findings/],
    [
      { lastCheck: { finished: before(1), exitCode: 0, findings: 0, earlierFindings: 2 } },
      1,
      /WARNING - checks of other shares found damage within a week: 2 findings \|/,
    ],
    [{ lastComplete: undefined }, 1, /WARNING - no run was complete yet \| parked/],
    [
      { runs: [{ started: before(1), seconds: 1, exitCode: 4, summary: '' }] },
      2,
      /CRITICAL - the last run ended with 4/,
    ],
    [{ runs: [{ started: before(1), seconds: 1, exitCode: 2, summary: '' }] }, 1, /WARNING - the last run was refused/],
    [{ runs: [{ started: before(1), seconds: 1, exitCode: 3, summary: '' }] }, 0, /OK/],
    [{ running: true, runningSince: before(9), progressAt: before(3) }, 2, /did nothing since 3 h 00 min ago/],
    [{ running: true, runningSince: before(9), progressAt: before(0.1) }, 0, /OK/],
  ];
  for (const [more, code, line] of cases) t.match(judge(more), { code, line }, String(line));
});

t.test('the worst comes first', async (t) => {
  const { code, line } = judge({ parked: 30, lastComplete: before(30) });
  t.equal(code, 2);
  t.match(line, /^PEP381 CRITICAL - the last complete run began .*; 30 projects could not be finished \|/);
});

t.test('limits are set by options, and turned off', async (t) => {
  t.match(judge({ lastComplete: before(7) }, '--warning', 'age=off'), { code: 0, line: /age=25200s;;86400;0/ });
  t.match(judge({ lastComplete: before(7) }, '--critical=age=2h'), { code: 2 });
  t.match(judge({ parked: 1 }, '--critical=parked=0,free=1kB'), { code: 2, line: /free=500B;100:;1000:;0/ });
  t.same(limits(), defaultThresholds);
});

t.test('limits that mean nothing are refused', async (t) => {
  const refused: readonly (readonly [string[], RegExp])[] = [
    [['--status', '--check', '--warning', 'aeg=1h', 't'], /--warning: no such value: aeg; did you mean age\?/],
    [
      ['--status', '--check', '--warning', 'age=1', 't'],
      /--warning: age: expected such as 6h, 7d or 2w, or off, found "1"/,
    ],
    [['--status', '--check', '--critical', 'free=101%', 't'], /--critical: free: expected such as 10% or 50GB/],
    [['--status', '--check', '--critical', 'parked=x', 't'], /parked: expected such as 20, or off/],
    [['--status', '--check', '--critical', 'toString=1', 't'], /no such value: toString/],
    [['--status', '--warning', 'age=1h', 't'], /--warning needs --status --check/],
    [['--check', 't'], /--check needs --status/],
    [['--status', '--check', '--warning', '', 't'], /--warning requires a value/],
  ];
  for (const [args, message] of refused) t.throws(() => parseRunOptions(args), { message }, args.join(' '));
});

t.test('nothing breaks the line', async (t) => {
  const { line } = unknownVerdict('a | b\nc');
  t.equal(line, 'PEP381 UNKNOWN - a / b c');
  t.match(judge({ target: '/srv/a|b\nc', heldBack: 1 }).line, /^[^\n|]* \| [^\n|]*$/);
  t.match(judge({ lastComplete: 'never', oldestQueued: '' }), { code: 0 }, 'a time that is none is not known');
});

t.test('a run that died, and a time in the future, are not taken for a mirror that is well', async (t) => {
  t.match(judge({ runningSince: before(0.1) }), { code: 2, line: /CRITICAL - the last run, which began at \S+, died/ });
  t.equal(judge({ running: true, runningSince: before(0.1) }).code, 0);
  t.match(judge({ lastComplete: before(-24 * 3650) }), {
    code: 1,
    line: /WARNING - the last complete run began in the future/,
  });
  t.equal(judge({ lastComplete: before(-0.01) }).code, 0, 'clocks differ by a little');
  t.match(judge({ lastComplete: before(-24), lastCompleteBefore: before(30) }), {
    code: 2,
    line: /CRITICAL - the last complete run began 1 d 06 h ago; the last complete run began in the future/,
  });
});

t.test('hooks that fail are a warning', async (t) => {
  t.match(judge({ hooksFailSince: before(3) }), {
    code: 1,
    line: /WARNING - hooks fail since \S+: a run without -q prints why/,
  });
});

t.test('of a machine that stands by only its own questions get old', async (t) => {
  const standby = (asked: string) => ({ publisher: 'b.example', heard: before(0.1), asked });
  const old: Partial<Status> = { lastComplete: before(300), runs: [], heldBack: 3, recentAlarms: 2 };
  t.same(judge({ ...old, standby: standby(before(0.05)) }), {
    code: 0,
    line: 'PEP381 OK - stands by; b.example publishes and was heard of 6 min 00 s ago; 500 B free | age=180s;21600;86400;0 free=500B;100:;30:;0',
  });
  t.match(judge({ standby: standby(before(7)) }), {
    code: 1,
    line: /^PEP381 WARNING - stands by, and last asked who publishes 7 h 00 min ago \|/,
  });
  t.match(judge({ standby: standby(before(-48)) }), {
    code: 1,
    line: /^PEP381 WARNING - stands by, and last asked who publishes in the future, .*: was the clock wrong\? \|/,
  });
  t.match(judge({ standby: standby(before(0)), disk: { size: 1000, free: 20 } }), { code: 2, line: /20 B free of/ });
});

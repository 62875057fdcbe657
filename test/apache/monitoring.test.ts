/** The shipped alerts and the shipped dashboard: they are valid, and name only metrics that there are. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { monitoredOf } from '../../src/cli/inspect/status.ts';
import { metricsOf, standbyMetrics } from '../../src/cli/metrics/metrics.ts';
import type { MetricFamily } from '../../src/formats/prometheus.ts';
import { alarmState } from '../../src/state/mirror-state.ts';
import type { AlarmRecord } from '../../src/state/program-results.ts';
import { change } from '../../src/state/state-section.ts';
import { programsOrReason } from '../fixtures/programs.ts';
import { openTestMirror } from '../fixtures/test-mirror.ts';

const alerts = fileURLToPath(new URL('../../apache/prometheus-alerts.yml', import.meta.url));
const dashboard = readFileSync(new URL('../../apache/grafana-dashboard.json', import.meta.url), 'utf8');
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

interface Panel {
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly w: number };
  readonly targets: readonly { readonly expr: string }[];
}

function namesIn(text: string): string[] {
  return [...new Set(text.match(/\bpep381_\w+/g))];
}

async function familiesOf(t: Test): Promise<MetricFamily[]> {
  const mirror = await openTestMirror(t);
  const [{ name: info }, ...ofStandby] = standbyMetrics({ publisher: 'a', heardMs: 1, askedMs: 2 }, '2.0.0') as [
    MetricFamily,
    ...MetricFamily[],
  ];
  const families = mirror.remembered((state) =>
    metricsOf(state, { size: 2, free: 1, inodes: { all: 2, free: 1 } }, '2.0.0'),
  );
  t.equal(info, families[0]?.name);
  return [...families, ...ofStandby];
}

t.test('every metric that is named anywhere exists', async (t) => {
  const families = await familiesOf(t);
  const known = new Set(families.map(({ name }) => name));
  t.equal(known.size, families.length, 'each has one name');
  const inAlerts = namesIn(readFileSync(alerts, 'utf8'));
  t.ok(inAlerts.length > 10);
  t.same(
    inAlerts.filter((name) => !known.has(name)),
    [],
  );
  const inDashboard = namesIn(dashboard);
  t.ok(inDashboard.length > 15);
  t.same(
    inDashboard.filter((name) => !known.has(name)),
    [],
  );
  t.same(
    namesIn(readme).filter((name) => !known.has(name)),
    [],
  );
});

t.test('counters end with _total, and nothing else does', async (t) => {
  for (const { name, type, help } of await familiesOf(t)) {
    t.equal(name.endsWith('_total'), type === 'counter', name);
    t.match(help, /^[A-Z][^\n\\]*\.?$|; /, name);
  }
});

t.test('promtool accepts the alerts', programsOrReason('promtool'), async (t) => {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', alerts], { encoding: 'utf8' });
  t.equal(status, 0, stdout + stderr);
});

t.test('the last alarm is the one that was reported last, whichever began last', async (t) => {
  const mirror = await openTestMirror(t);
  const alarms: readonly AlarmRecord[] = [
    { message: 'again and again', since: 1000, last: 9000 },
    { message: 'once', since: 2000, last: 2000 },
  ];
  const [families, { alarms: shown }] = mirror.remembered((state) => {
    state.set(change(alarmState, { alarms }));
    return [metricsOf(state, { size: 2, free: 1 }, '2.0.0'), monitoredOf(state, 0, 10_000)] as const;
  });
  const found = families.find(({ name }) => name === 'pep381_last_alarm_timestamp_seconds');
  t.same(found?.samples, [{ value: 9 }]);
  t.same(
    shown.map(({ message }) => message),
    ['again and again', 'once'],
  );
});

/** A series of one value for each hour, and whether an alert fires at a time. */
interface AlertCase {
  readonly alert: string;
  readonly series: Readonly<Record<string, string>>;
  readonly at: string;
  readonly fires: boolean;
}

function promtoolTest(
  t: Test,
  cases: readonly AlertCase[],
): { readonly status: number | null; readonly output: string } {
  const tests = cases.map(({ alert, series, at, fires }) => ({
    interval: '1h',
    input_series: Object.entries(series).map(([name, values]) => ({ series: `${name}{mirror="/srv/pypi"}`, values })),
    promql_expr_test: [
      {
        expr: `count(ALERTS{alertname="${alert}", alertstate="firing"}) or vector(0)`,
        eval_time: at,
        exp_samples: [{ labels: '{}', value: fires ? 1 : 0 }],
      },
    ],
  }));
  const test = { rule_files: [alerts], evaluation_interval: '1h', tests };
  const folder = t.testdir({ 'tests.yml': JSON.stringify(test) });
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', `${folder}/tests.yml`], {
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

t.test('the alert of damage lasts as long as somebody should look', programsOrReason('promtool'), async (t) => {
  const alert = 'Pep381MirrorIsDamaged';
  const found = { pep381_check_findings_total: '0x5 3x300' };
  const [right, share] = [{ pep381_last_check_findings: '0x300' }, { pep381_damaged_shares_findings: '3x300' }];
  const { status, output } = promtoolTest(t, [
    { alert, series: { pep381_last_check_findings: '0x5 3x300', ...found }, at: '8h', fires: true },
    { alert, series: { ...right, ...share, ...found }, at: '10h', fires: true },
    { alert, series: { ...right, pep381_damaged_shares_findings: '0x300', ...found }, at: '10h', fires: false },
    { alert, series: { ...right, ...share, ...found }, at: '200h', fires: false },
  ]);
  t.equal(status, 0, output);
});

t.test('an alert tells that the last complete run lies in the future', programsOrReason('promtool'), async (t) => {
  const series = { pep381_complete_timestamp_seconds: '360000x300' };
  const { status, output } = promtoolTest(t, [
    { alert: 'Pep381MirrorIsVeryOld', series, at: '20h', fires: false },
    { alert: 'Pep381ClockWasWrong', series, at: '20h', fires: true },
    { alert: 'Pep381ClockWasWrong', series, at: '101h', fires: false },
    { alert: 'Pep381MirrorIsVeryOld', series, at: '130h', fires: true },
  ]);
  t.equal(status, 0, output);
});

t.test('the dashboard has panels with one query at least, and none is wider than the page', async (t) => {
  const { panels } = JSON.parse(dashboard) as { panels: readonly Panel[] };
  t.ok(panels.length > 10);
  t.equal(new Set(panels.map(({ title }) => title)).size, panels.length);
  for (const { title, gridPos, targets } of panels) {
    t.ok(targets.length > 0 && targets.every(({ expr }) => /pep381_\w+\{mirror=~"\$mirror"\}/.test(expr)), title);
    t.ok(gridPos.x + gridPos.w <= 24, title);
  }
});

t.test('promtool accepts every query of the dashboard', programsOrReason('promtool'), async (t) => {
  const { panels } = JSON.parse(dashboard) as { panels: readonly Panel[] };
  const rules = panels
    .flatMap(({ targets }) => targets)
    .map(({ expr }, at) => ({
      record: `panel:number_${at}`,
      expr: expr.replaceAll('$mirror', '.*'),
    }));
  // Every JSON document is a YAML document.
  const folder = t.testdir({ 'rules.yml': JSON.stringify({ groups: [{ name: 'dashboard', rules }] }) });
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', `${folder}/rules.yml`], {
    encoding: 'utf8',
  });
  t.equal(status, 0, stdout + stderr);
});

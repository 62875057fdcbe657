/** The shipped alerts and the shipped dashboard: they are valid, and name only metrics that there are. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { metricsOf } from '../../src/cli/metrics/metrics.ts';
import type { MetricFamily } from '../../src/formats/prometheus.ts';
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
  return mirror.remembered((state) => metricsOf(state, { size: 2, free: 1, inodes: { all: 2, free: 1 } }, '2.0.0'));
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

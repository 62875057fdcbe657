/** The page `/status/`: whether all is well, and what the mirror is doing. */
import { plural, showCount } from '../../core/counts.ts';
import { hourMs } from '../../core/durations.ts';
import { showBytes } from '../../core/show-bytes.ts';
import { bytes, counts, seconds, type ValueKind } from '../charts/chart-values.ts';
import { renderLineChart } from '../charts/line-chart.ts';
import { type RunOutcome, renderRunStrip } from '../charts/run-strip.ts';
import { type Html, type HtmlValue, html } from '../html.ts';
import { renderPage } from '../layout.ts';
import type { SiteFacts } from '../site-facts.ts';
import { dayText, showDuration, showTime, timeText } from '../words.ts';
import { renderLagChart } from './lag-chart.ts';
import { renderPolicy } from './policy-section.ts';
import { section, table } from './section.ts';
import { renderAlarms, renderCheck, renderHeldBack, renderQueue, renderRemovals } from './status-lists.ts';
import { renderStore } from './store-section.ts';
import { hostOf, type Level, verdictOf } from './verdict.ts';

/** Numbers of runs and days that are drawn. */
const runsDrawn = 60;
const runsListed = 10;
/** Of older days every seventh is drawn, as more cannot be told apart. */
const daysDrawn = 730;
const eachDayDrawn = 56;
/** Time in milliseconds after which runs would have renewed the page. */
const renewedWithinMs = 3 * hourMs;

/** Returns the page. */
export function renderStatusPage(facts: SiteFacts): string {
  const { now, settings } = facts;
  const host = hostOf(settings.upstream);
  return renderPage(
    {
      title: 'Status',
      current: 'status',
      root: '../',
      asOf: now,
      description: `Whether the mirror of ${host} is well and up to date`,
    },
    html`${renderVerdict(facts)}
${tiles(facts)}
${renderHeldBack(facts)}
${renderAlarms(facts)}
${freshness(facts)}
${runs(facts)}
${held(facts)}
${disk(facts)}
${renderStore(facts)}
${renderQueue(facts)}
${renderCheck(facts)}
${renderRemovals(facts)}
${renderPolicy(facts)}
<section aria-labelledby="programs">
<h2 id="programs">For programs</h2>
<ul>
<li><a href="../mirror-status.json">mirror-status.json</a>: this status as JSON</li>
<li><a href="../last-modified">last-modified</a>: the start of the last complete run (PEP 381)</li>
</ul>
</section>`,
  );
}

/** Returns the verdict: one sentence, and what to do. */
function renderVerdict(facts: SiteFacts): Html {
  const { level, sentence, problems } = verdictOf(facts);
  const items = problems.map(
    ({ text, advice }, at) => html`<li>${at > 0 && html`${capitalized(text)}. `}${advice}</li>\n`,
  );
  return html`<div class="state ${level}" data-renewed="${facts.now}" data-within="${renewedWithinMs}">
<p class="verdict">${sentence}</p>
${items.length > 0 && html`<ul>\n${items}</ul>`}
</div>`;
}

function tiles({ now, completedAt, totals, room, runningSince }: SiteFacts): Html {
  const { projects, files, bytes, queued, heldBack } = totals;
  const failed = totals.parked - heldBack;
  const waiting = [
    ...(heldBack > 0 ? [`${showCount(heldBack)} for permission`] : []),
    ...(failed > 0 ? [`${showCount(failed)} failed before`] : []),
  ];
  const work =
    runningSince === undefined ? 'No run is at work' : `A run is at work since ${showDuration(now - runningSince)}`;
  return html`<dl class="tiles">
${tile('Last complete run', completedAt === undefined ? 'none yet' : html`${ago(now - completedAt)}`, completedAt === undefined ? work : html`began ${showTime(completedAt)}`)}
${tile('Held', plural(projects, 'project'), `${plural(files, 'file')}, ${showBytes(bytes)}`)}
${tile('Waiting', queued === 0 ? 'nothing' : plural(queued, 'project'), waiting.length === 0 ? work : waiting.join(', '))}
${tile('Disk', `${showBytes(room.free)} free`, `of ${showBytes(room.size)}`)}
</dl>`;
}

function tile(name: string, value: HtmlValue, more: HtmlValue): Html {
  return html`<div><dt>${name}</dt><dd>${value}</dd><dd class="more">${more}</dd></div>`;
}

function ago(ms: number): string {
  return ms < 60_000 ? 'just now' : `${showDuration(ms)} ago`;
}

function freshness({ runs, now, serial, serialMovedAt, serialsBehind = 0 }: SiteFacts): Html {
  const since = serialMovedAt === undefined ? '' : html`, reached on ${showTime(serialMovedAt)}`;
  return html`<section aria-labelledby="freshness">
<h2 id="freshness">Freshness</h2>
<div class="panel">
${renderLagChart(runs, now) ?? html`<p class="soft">The time behind upstream is drawn here after the first runs.</p>`}
${serial !== undefined && html`<p>Upstream was followed up to serial ${showCount(serial)}${since}.${serialsBehind > 0 && ` The first change that waits is ${plural(serialsBehind, 'serial')} behind.`}</p>`}
</div>
</section>`;
}

/** What exit codes mean to readers. */
const endings: ReadonlyMap<number, readonly [RunOutcome, string]> = new Map([
  [0, ['good', 'all done']],
  [1, ['incomplete', 'something failed and is tried again']],
  [2, ['failed', 'a setting was refused']],
  [3, ['failed', 'upstream was not reached']],
  [4, ['failed', 'local disk or database failed']],
  [5, ['incomplete', 'deletions were held back']],
  [70, ['failed', 'died before its end']],
]);

function endingOf(code: number): readonly [RunOutcome, string] {
  return endings.get(code) ?? ['failed', 'failed'];
}

function runs({ runs }: SiteFacts): Html {
  if (runs.length === 0) return section('runs', 'Runs', html`<p class="soft">No run has ended so far.</p>`);
  const bars = runs.slice(0, runsDrawn).reverse();
  const strip = renderRunStrip({
    title:
      bars.length === 1 ? 'The last run and how long it took' : `The last ${bars.length} runs and how long each took`,
    runs: bars.map(({ startedMs, finishedMs, exitCode }) => {
      const [outcome, ending] = endingOf(exitCode);
      return { when: timeText(startedMs), seconds: Math.max(0, finishedMs - startedMs) / 1000, outcome, ending };
    }),
  });
  const rows = runs.slice(0, runsListed).map(({ startedMs, finishedMs, exitCode, summary }) => {
    const [outcome, ending] = endingOf(exitCode);
    const took = seconds.full(Math.max(0, finishedMs - startedMs) / 1000);
    return [showTime(startedMs), html`<span class="${level(outcome)}-text">${ending}</span>`, exitCode, took, summary];
  });
  return section(
    'runs',
    'Runs',
    html`${strip}
${table('The last runs', [['Began'], ['End'], ['Exit code', 'number'], ['Took', 'number'], ['What it did', 'long']], rows)}`,
  );
}

function level(outcome: RunOutcome): Level {
  return { good: 'ok', incomplete: 'wait', failed: 'bad' }[outcome] as Level;
}

function held({ days }: SiteFacts): Html {
  const drawn = days
    .slice(-daysDrawn)
    .filter((_, at, { length }) => length - at <= eachDayDrawn || (length - 1 - at) % 7 === 0);
  if (drawn.length < 2) {
    return section(
      'held',
      'Held over time',
      html`<p class="soft">What is held is drawn here from the second day on.</p>`,
    );
  }
  const names = drawn.map(({ day }) => new Date(day).toISOString().slice(0, 10));
  const chart = (title: string, kind: ValueKind, values: readonly number[]): Html =>
    renderLineChart({ title, kind, days: names, series: [{ name: title, values }] });
  const [first, last] = [drawn[0], drawn.at(-1)];
  const since = first === undefined ? '' : dayText(first.day);
  const grown = last === undefined || first === undefined ? 0 : last.bytes - first.bytes;
  return section(
    'held',
    'Held over time',
    html`${chart(
      'Size',
      bytes,
      drawn.map((day) => day.bytes),
    )}
<div class="columns">
${chart(
  'Projects',
  counts,
  drawn.map(({ projects }) => projects),
)}
${chart(
  'Files',
  counts,
  drawn.map(({ files }) => files),
)}
</div>
<p>${grown >= 0 ? `${showBytes(grown)} more` : `${showBytes(-grown)} less`} than on ${since}.</p>`,
  );
}

function disk({ room, totals, policy }: SiteFacts): Html {
  const budget = policy?.budget.size?.value;
  const { inodes } = room;
  const meters = [
    meter('Disk', room.size - room.free, room.size, showBytes),
    inodes && meter('Files that the disk can hold (inodes)', inodes.all - inodes.free, inodes.all, showCount),
    budget !== undefined && meter('Budget of the mirror', totals.bytes, budget, showBytes),
  ];
  return section('disk', 'Room', html`${meters}`);
}

function meter(name: string, used: number, size: number, show: (value: number) => string): Html {
  const share = size > 0 ? Math.min(1, Math.max(0, used / size)) : 0;
  const color = share > 0.99 ? 'bad' : share > 0.95 ? 'wait' : 'ok';
  const text = `${show(used)} of ${show(size)} used (${Math.floor(share * 100)} %)`;
  return html`<p>${name}: ${text}</p>
<div class="meter"><svg role="img" aria-label="${name}: ${text}" viewBox="0 0 100 1" preserveAspectRatio="none"><rect class="used ${color}" width="${(share * 100).toFixed(2)}" height="1"/></svg></div>
`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The lists on the status page: what waits, what was removed, alarms, and what the last check found. */
import { plural, showCount } from '../../core/counts.ts';
import { isHeldBack, type KeptParked, type Obstacle } from '../../state/queue.ts';
import { type RemovalKind, removalKind } from '../../state/removal-log.ts';
import { type Html, html } from '../html.ts';
import { publicText } from '../public-text.ts';
import type { SiteFacts } from '../site-facts.ts';
import { showTime } from '../words.ts';
import { section, table } from './section.ts';

const alarmsListed = 20;

/** Returns the queue, and the parked projects with their reasons. */
export function renderQueue({ totals, parked, parkedByObstacle, settings, policy }: SiteFacts): Html {
  const waiting = totals.parked - totals.heldBack;
  const due = totals.queued - totals.parked;
  const intro = html`<p>${due === 0 ? 'No project is' : `${plural(due, 'project')} ${due === 1 ? 'is' : 'are'}`} queued for the next try. ${waiting === 0 ? 'None waits for another try.' : `${plural(waiting, 'project')} could not be finished, and ${waiting === 1 ? 'is' : 'are'} tried again by ${waiting === 1 ? 'itself' : 'themselves'}:`}</p>`;
  if (waiting === 0) return section('queue', 'Queue', intro);
  const counts = [...parkedByObstacle].filter(([obstacle]) => !isHeldBack(obstacle)).sort(([, a], [, b]) => b - a);
  const rows = parked.map(({ due, reason, nextTry }) => [
    due.name,
    publicText(reason.startsWith(`${due.name}: `) ? reason.slice(due.name.length + 2) : reason, {
      upstream: settings.upstream,
      policy,
    }),
    showTime(due.since),
    due.attempts,
    nextTry === undefined ? 'next run' : showTime(nextTry),
  ]);
  return section(
    'queue',
    'Queue',
    html`${intro}
<ul>${counts.map(([obstacle, count]) => html`<li>${showCount(count)}: ${obstacles[obstacle]}</li>`)}</ul>
${table('Parked projects', [['Project'], ['Why', 'long'], ['Since'], ['Tries', 'number'], ['Next try']], rows, waiting)}`,
  );
}

const obstacles: Readonly<Record<Obstacle, string>> = {
  absent: 'upstream does not have it at the moment',
  stale: 'upstream still serves an older page',
  'no-room': 'there is no room for it',
  'removal-held-back': 'its removal waits for permission',
  'held-back': 'the removal of files waits for permission',
  unproven: 'its page is not the one that upstream has signed',
  failed: 'something failed',
};

/** Returns the deletions that wait for permission, with the command that gives it; nothing if there are none. */
export function renderHeldBack({ totals, heldBack }: SiteFacts): Html | undefined {
  if (totals.heldBack === 0) return undefined;
  const rows = heldBack.map((project: KeptParked) => [
    project.due.name,
    project.obstacle === 'removal-held-back' ? 'the whole project' : 'files of it',
    showTime(project.due.since),
  ]);
  return section(
    'held-back',
    'Deletions that wait for permission',
    html`<p>More was removed upstream than a day usually sees. Until somebody has looked at it, all of this stays and can be installed. If it is right:</p>
<pre><code>pep381run --allow-deletions ${totals.heldBack} TARGET</code></pre>
${table('Deletions that wait for permission', [['Project'], ['Would go'], ['Waits since']], rows, totals.heldBack)}`,
  );
}

/** Returns the last removals and quarantines. */
export function renderRemovals({ removals }: SiteFacts): Html {
  if (removals.length === 0)
    return section('removals', 'Removals', html`<p class="soft">Nothing was removed so far.</p>`);
  const rows = removals.map(({ project, path, at, why }) => [
    project,
    path === undefined ? 'the whole project' : path.slice(path.lastIndexOf('/') + 1),
    shownWhy[removalKind(why)],
    showTime(at),
  ]);
  return section(
    'removals',
    'Removals',
    html`<p>The last that went from the index. <a href="../removed.json">removed.json</a> lists more.</p>
${table('The last removals', [['Project'], ['What', 'long'], ['Why'], ['When']], rows)}`,
  );
}

/** The rules that leave something out name lines of the administrator's files. */
const shownWhy: Readonly<Record<RemovalKind, string>> = {
  removed: 'removed upstream',
  quarantined: 'in quarantine upstream',
  notRequired: 'not required any more',
  leftOut: 'left out by the rules of this mirror',
};

/** Returns the latest alarms; nothing if there are none. */
export function renderAlarms({ alarms, settings, policy }: SiteFacts): Html | undefined {
  if (alarms.length === 0) return undefined;
  const rows = alarms
    .slice(0, alarmsListed)
    .map(({ message, since, last }) => [
      showTime(last),
      publicText(message, { upstream: settings.upstream, policy }),
      showTime(since),
    ]);
  return section('alarms', 'Alarms', table('Alarms', [['Last'], ['What', 'long'], ['First']], rows, alarms.length));
}

/** Returns what the last check found. */
export function renderCheck({ lastCheck, damagedShares }: SiteFacts): Html {
  if (lastCheck === undefined) {
    return section(
      'check',
      'Last check',
      html`<p class="soft">No check has come to its end so far. <code>pep381checkfiles</code> compares all files with their hashes.</p>`,
    );
  }
  const { finishedMs, projects, files, findings, share } = lastCheck;
  const what = share === undefined ? 'all' : `share ${share.number} of ${share.of}`;
  const found =
    findings === 0 ? html`nothing wrong` : html`<strong class="wait-text">${plural(findings, 'thing')} wrong</strong>`;
  return section(
    'check',
    'Last check',
    html`<p>On ${showTime(finishedMs)}, ${what} of the mirror (${plural(projects, 'project')}, ${plural(files, 'file')}) was checked: ${found}.</p>
${
  damagedShares.length > 0 &&
  html`<ul>
${damagedShares.map(
  (one) =>
    html`<li>Share ${one.share.number} of ${one.share.of}, checked on ${showTime(one.finishedMs)}: ${plural(one.findings, 'thing')} wrong.</li>
`,
)}</ul>`
}`,
  );
}

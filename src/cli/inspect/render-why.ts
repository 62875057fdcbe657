/** Renders an explanation as text. */
import { plural } from '../../core/counts.ts';
import { showBytes } from '../../core/show-bytes.ts';
import { local } from '../../policy/policy.ts';
import type { Reason } from '../../policy/reason.ts';
import { explainReason } from '../../policy/render-reason.ts';
import { renderTable } from '../output/table.ts';
import { shortTime } from '../output/units.ts';
import type { Subject, Why, WhyQueued } from './why.ts';
import type { FileState } from './why-files.ts';

const holds = { files: 'held', 'pages-only': 'pages only', none: 'left out', local: 'held as it lies here' } as const;
const states: readonly FileState[] = ['held', 'wanted', 'linked', 'left out', 'to be removed'];
/** The number of further wants that are shown. */
const wantsShown = 10;

/**
 * Returns the explanation for people: the project first, then a line for each file. Paths below `root` are shortened.
 */
export function renderWhy(subject: Subject, why: Why, root: string): string[] {
  const textOf = (because: Reason): string => explainReason(because).replaceAll(`${root}/`, '');
  const rows = [
    ...policyRows(why, textOf),
    ['here', hereText(why)],
    ...why.unmet.slice(0, wantsShown).map((line, at) => [at === 0 ? 'lacks' : '', line.replaceAll(`${root}/`, '')]),
    ...queueRows(why.queue),
    ...(why.known ? [['files', filesText(subject, why)]] : []),
  ];
  const files = why.files.map(({ filename, size, state, because, provenance }) => [
    state,
    size === undefined ? '?' : showBytes(size),
    filename,
    [because && textOf(because), provenance && `provenance ${provenance}`].filter((part) => part).join('; '),
  ]);
  const table = renderTable(files, { right: [1] });
  return [why.project, ...renderTable(rows).map((line) => `  ${line}`), ...(table.length > 0 ? ['', ...table] : [])];
}

function policyRows({ policy }: Why, textOf: (because: Reason) => string): string[][] {
  const { hold, because, source, wants, nextChange } = policy;
  const from = source === undefined || source === local ? [] : [['from', source]];
  const shown = wants.slice(0, wantsShown).map((want) => ['', `also for ${textOf(want)}`]);
  const more = wants.length - shown.length;
  if (more > 0) shown.push(['', `and for ${plural(more, 'other reason')}`]);
  const change = nextChange === undefined ? [] : [['', `by age alone this changes ${shortTime(nextChange)}`]];
  return [['policy', `${holds[hold]}: ${textOf(because)}`], ...from, ...shown, ...change];
}

function hereText({ known, missing, published, serial, status, policy, unmet }: Why): string {
  if (missing && !published && unmet.length > 0) return 'nothing: upstream has nothing of it that is asked for';
  if (missing && !published) return 'nothing: upstream does not have it';
  if (!known) {
    const next = policy.hold === 'none' ? 'and the policy does not let it be held' : 'and the policy lets it be held';
    return `nothing is known of it yet, ${next}`;
  }
  if (!published) return 'not published yet';
  return [
    'published',
    ...(serial === undefined ? [] : [`serial ${serial}`]),
    ...(status === undefined || status === 'active' ? [] : [status]),
  ].join(', ');
}

function queueRows(queue: WhyQueued | undefined): string[][] {
  if (queue === undefined) return [];
  const { since, serial, removed, attempts, reason = 'no reason was kept', nextTry } = queue;
  const wants = removed ? ', upstream removed it' : serial > 0 ? `, for serial ${serial}` : '';
  const waits = ['queue', `waits since ${shortTime(since)}${wants}`];
  if (attempts === 0) return [waits];
  const next = nextTry === undefined ? '' : `, the next not before ${shortTime(nextTry)}`;
  return [waits, ['parked', `${attempts === 1 ? '1 try' : `${attempts} tries`} in vain${next}: ${reason}`]];
}

function filesText({ version, filename }: Subject, { files, pageKnown }: Why): string {
  const of = version !== undefined ? ` of version ${version}` : filename === undefined ? '' : ` ${filename}`;
  const page = pageKnown ? '' : "; upstream's page is not known here, the next run asks for it";
  if (files.length === 0) return `none${of}${pageKnown ? " on upstream's page as it is known here" : ''}${page}`;
  const parts = states.flatMap((state) => {
    const found = files.filter((file) => file.state === state);
    const bytes = found.reduce((sum, { size }) => sum + (size ?? 0), 0);
    return found.length === 0 ? [] : [`${found.length} ${state} (${showBytes(bytes)})`];
  });
  return `${plural(files.length, 'file')}${of}: ${parts.join(', ')}${page}`;
}

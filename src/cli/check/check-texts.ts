/** All texts of pep381checkfiles. Where 1.5 had a message, it has 1.5's words, because scripts look for them. */
import { join } from 'node:path';
import type { CheckEvent, Finding } from '../../check/check-event.ts';

/** The last line of 1.5, printed if something was queued. */
export const todoText = 'Todo list updated; run pep381run now';
export const skippedText = 'Currently already running; checking is skipped';
export const pausedText = '\nCheck paused. Resume by restarting pep381checkfiles.';

const cannotTell = 'A run is at work, so that nobody can tell what nothing accounts for; check again when it has ended';

const snapshotUnjudged =
  'A run is at work, or one was stopped before it signed: nobody can tell whether snapshot.json is right; verify it again after the next run';

/** Returns the line about an event on a mirror in the folder `root`, or undefined if the event is only counted. */
export function textOf(event: CheckEvent, root: string): string | undefined {
  switch (event.type) {
    case 'finding':
      return findingText(event.finding, root);
    case 'waiting':
      return 'Synchronization in progress, waiting';
    case 'resumed':
      return `Continuing the check that was interrupted after ${event.after}`;
    case 'empty-folder':
      return printable(`Empty folder ${event.address ?? join(root, 'web', event.path)}`);
    case 'stray':
      return printable(`${strayTitles[event.stray.kind]} ${event.address}`);
    case 'stray-discarded':
      return printable(`${discardedTitles[event.stray.kind]} ${event.address}`);
    case 'leftover':
      return printable(`Leftover ${event.name.includes('://') ? event.name : join(root, 'staging', event.name)}`);
    case 'discarded':
      return printable(`Moved to the trash ${event.address ?? join(root, 'web', event.path)}`);
    case 'unjudged':
      return unjudgedText(event.projects);
    case 'snapshot-unjudged':
      return snapshotUnjudged;
    case 'tree-unjudged':
      return cannotTell;
    case 'kept':
      return `Nothing is deleted: ${event.why}`;
    default:
      return undefined;
  }
}

/** Returns true if an event needs a person, so that it is printed even with -q. */
export function isUrgent({ type }: CheckEvent): boolean {
  return (
    type === 'finding' || type === 'stray' || type === 'unjudged' || type === 'snapshot-unjudged' || type === 'kept'
  );
}

function unjudgedText(projects: number): string {
  const [look, them] = projects === 1 ? ['1 project looks', 'it'] : [`${projects} projects look`, 'them'];
  return `${look} wrong, but a run is changing ${them}; check again when it has ended`;
}

function findingText({ kind, path, project, expected, found, address }: Finding, root: string): string {
  const onDisk = join(root, 'web', path);
  const place = address ?? onDisk;
  if (kind === 'missing-page' && path.endsWith('/index.html')) {
    return `Missing index.html for ${place.slice(0, -'/index.html'.length)}`;
  }
  if (kind === 'unreadable') return printable(`Unreadable ${place}: ${(found ?? '').replace(`${place}: `, '')}`);
  const difference = expected === undefined ? found : `expected ${expected}, found ${found ?? 'none'}`;
  if (kind === 'bad-copy') return printable(`${titles[kind]} ${place}: differs from ${onDisk}`);
  const cure = kind === 'not-a-file' && project !== undefined ? '; --repair moves it to the trash' : '';
  return printable(`${titles[kind]} ${place}${difference === undefined ? '' : `: ${difference}`}${cure}`);
}

const strayTitles = {
  object: 'Unreferenced object',
  folder: 'Unreferenced objects',
  trash: 'Unknown day of the trash',
  upload: 'Open upload',
} as const;

const discardedTitles = {
  object: 'Moved to the trash',
  folder: 'Moved to the trash',
  trash: 'Will be deleted in its time',
  upload: 'Aborted',
} as const;

const titles: Readonly<Record<Exclude<Finding['kind'], 'unreadable'>, string>> = {
  'missing-page': 'Missing page',
  'bad-page': 'Bad page',
  'bad-twin': 'Bad .gz twin',
  'missing-file': 'Missing file',
  'bad-size': 'Bad size',
  'bad-sha256': 'Bad sha256',
  'missing-metadata': 'Missing metadata',
  'bad-metadata': 'Bad metadata',
  'missing-provenance': 'Missing provenance',
  'bad-provenance': 'Bad provenance',
  'not-a-file': 'Not a regular file',
  unreferenced: 'Unreferenced file',
  'unknown-project': 'Unknown project page',
  'missing-snapshot': 'Missing snapshot',
  'bad-snapshot': 'Bad snapshot',
  'bad-signature': 'Bad signature',
  'missing-copy': 'Missing object',
  'bad-copy': 'Bad object',
};

/**
 * Replaces control characters. A name in the tree may contain anything, but must not control a terminal or look like
 * two lines.
 */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}

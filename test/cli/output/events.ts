/** Events of a run, for whoever watches. */
import { type ProjectName, projectName } from '../../../src/core/names.ts';
import { blobPath, type WebPath } from '../../../src/core/paths.ts';
import type { MirrorEvent } from '../../../src/core/report.ts';

export function named(text: string): ProjectName {
  const name = projectName(text);
  if (name === undefined) throw new Error(`${text} is no project name`);
  return name;
}

export function placed(filename: string): WebPath {
  const path = blobPath(new URL(`https://files.example/packages/aa/bb/${'c'.repeat(60)}/${filename}`), filename);
  if (path === undefined) throw new Error(`${filename} is no file name`);
  return path;
}

export function planned(
  name: string,
  files: readonly string[],
  bytes: number,
  gone: readonly string[] = [],
): MirrorEvent {
  return { type: 'project-planned', name: named(name), fetch: files.map(placed), bytes, remove: gone.map(placed) };
}

export function parked(name: string, reason: string, expected = false): MirrorEvent {
  return { type: 'project-parked', name: named(name), reason, nextTry: Date.UTC(2026, 10, 22, 12), expected };
}

/** The download of one file that takes two pieces. */
export function downloaded(filename: string, bytes: number): MirrorEvent[] {
  const path = placed(filename);
  return [
    { type: 'file-started', path, bytes },
    { type: 'bytes', path, bytes: Math.floor(bytes / 2) },
    { type: 'bytes', path, bytes: Math.ceil(bytes / 2) },
    { type: 'file-done', path },
  ];
}

/** One event of every kind there is. */
export const everyEvent: readonly MirrorEvent[] = [
  { type: 'learned', source: 'changelog', serial: 5 },
  { type: 'queued', projects: 2 },
  { type: 'project-started', name: named('pkg') },
  planned('pkg', ['a-1.0.zip'], 10, ['b-1.0.zip']),
  ...downloaded('a-1.0.zip', 10),
  { type: 'file-failed', path: placed('c-1.0.zip') },
  { type: 'file-removed', path: placed('b-1.0.zip') },
  { type: 'project-done', name: named('pkg'), outcome: 'published' },
  parked('other', 'upstream answers 500'),
  { type: 'waiting', ms: 4_100, why: 'for upstream' },
  { type: 'root-index', projects: 2 },
  { type: 'warning', message: 'disk nearly full' },
];

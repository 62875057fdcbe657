/** Compares a project's page with the state: both must list the same files. */
import { type ProjectName, projectName } from '../core/names.ts';
import { linkToFile, packagesRoot, pathOnOwnPage, type WebPath } from '../core/paths.ts';
import type { SimpleFile, SimplePage } from '../formats/simple/simple-json.ts';
import type { HeldFile, HeldProject } from '../state/held-projects.ts';
import { type ExpectedFile, expectedHeld } from './expected-file.ts';

/** The result of comparing a page with the state. */
export interface Comparison {
  /** The disagreements, one line each. */
  readonly problems: readonly string[];
  /** The files that the page lists as held here. */
  readonly listed: readonly ExpectedFile[];
  /** Held files that the page does not list. */
  readonly unlisted: readonly ExpectedFile[];
  /** True if every file that the page lists as held here is in the state. */
  readonly isKnown: boolean;
}

/** From `simple/<project>/` to the files; every other link leads to another place, as on mirrors of the index only. */
const toFiles = `${linkToFile(packagesRoot)}/`;

/** Returns true if the entry links to a file of this mirror. */
function isOurs({ url }: SimpleFile): boolean {
  return url.startsWith(toFiles);
}

/**
 * Compares the JSON page of `name` with what is held of it; with `keepsRemoved` files may be held that no page lists.
 */
export function comparePage(name: ProjectName, page: SimplePage, held: HeldProject, keepsRemoved: boolean): Comparison {
  const problems = headProblems(name, page, held);
  const heldByPath = new Map(held.files.map((file) => [file.path, file]));
  const mentioned = new Set<WebPath>();
  const listed: ExpectedFile[] = [];
  /** Hashes of files that the page leaves to upstream. Their bytes may be held under an earlier address of upstream. */
  const elsewhere = new Set<string | undefined>();
  let isKnown = true;
  for (const entry of page.files) {
    const path = pathOnOwnPage(entry, name);
    const file = path && heldByPath.get(path);
    if (path !== undefined) mentioned.add(path);
    if (!isOurs(entry) && file === undefined) {
      elsewhere.add(entry.sha256);
      continue;
    }
    if (path === undefined) problems.push(`${entry.filename}: its link leads to no place that a mirror has`);
    else {
      listed.push(expected(path, entry, file));
      if (isOurs(entry)) for (const problem of entryProblems(entry, path, file)) problems.push(problem);
    }
    if (file === undefined) isKnown = false;
  }
  const unlisted = held.files.filter(({ path }) => !mentioned.has(path));
  const unexplained = keepsRemoved ? [] : unlisted.filter(({ sha256 }) => !elsewhere.has(sha256));
  for (const { path } of unexplained) problems.push(`${path} is held, and not listed`);
  return { problems, listed, unlisted: unlisted.map(expectedHeld), isKnown };
}

function headProblems(name: ProjectName, page: SimplePage, held: HeldProject): string[] {
  const problems: string[] = [];
  if (projectName(page.name) !== name) problems.push(`expected the page of ${name}, found that of ${page.name}`);
  if (page.serial !== undefined && held.serial !== undefined && page.serial !== held.serial) {
    problems.push(`expected serial ${held.serial}, found ${page.serial}`);
  }
  return problems;
}

function entryProblems(entry: SimpleFile, path: WebPath, held: HeldFile | undefined): string[] {
  if (held === undefined) return [`${path} is listed, and not held`];
  if (entry.sha256 !== held.sha256) {
    return [`${path}: expected sha256 ${held.sha256}, found ${entry.sha256 ?? 'none'} listed`];
  }
  if (entry.metadataSha256 !== held.metadataSha256) {
    const [expected, found] = [held.metadataSha256, entry.metadataSha256].map((sha256) => sha256 ?? 'none');
    return [`${path}: expected metadata ${expected}, found ${found} listed`];
  }
  return [];
}

function expected(path: WebPath, entry: SimpleFile, held: HeldFile | undefined): ExpectedFile {
  const { uploadTimeMs } = entry;
  if (held !== undefined) return { ...expectedHeld(held), uploadTimeMs };
  const { size, sha256, metadataSha256 } = entry;
  return { path, size, sha256, metadataSha256, provenance: false, uploadTimeMs };
}

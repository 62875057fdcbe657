/** Converts the filters of bandersnatch that name what it holds. */
import { type ProjectName, projectName } from '../../core/names.ts';
import { parseRequirement, type Requirement } from '../../packaging/requirement.ts';
import { blockedVersions, isChosenByName } from './bandersnatch-blocklist.ts';
import { confLines, confText, type ImportSource, lost, type Outcome } from './bandersnatch-conversion.ts';

/** Converts allowlist_project: the names. The rest of each line is left to allowlist_release. */
export function allowedProjects(_value: string, source: ImportSource): Outcome {
  // allowlist_release converts the same list.
  if (source.enabled.includes('allowlist_release')) return {};
  const named = confLines(source, 'allowlist', 'packages').map((line) => /^[A-Za-z0-9._-]*/.exec(line)?.[0] ?? '');
  const names = new Set(named.map(projectName).filter((name) => name !== undefined));
  const missed = named.filter((name) => projectName(name) === undefined).length;
  const notes = missed === 0 ? [] : [`left out: ${missed} of the lines, which begin with no valid project name`];
  if (names.size === 0) {
    return { notes: [...notes, 'an empty list lets everything pass: all projects are mirrored'], isLost: true };
  }
  const blocked = blockedVersions(source);
  const projects = [...names].map((name) => `${name}${blocked.get(name) ?? ''}`);
  return { settings: [{ name: 'projects', value: projects }], notes };
}

/** Converts allowlist_release. Extras, markers and URLs are ignored. */
export function allowedReleases(_value: string, source: ImportSource): Outcome {
  const lines = confLines(source, 'allowlist', 'packages');
  const blocked = blockedVersions(source);
  const read = lines.flatMap((line) => allowed(line, blocked, source) ?? []);
  const projects = new Set(read.map(({ text }) => text));
  const missed = lines.length - read.length;
  const notes = missed === 0 ? [] : [`left out: ${missed} of the lines, which allow no release`];
  if (projects.size === 0) return { notes: [...notes, 'no line allows a release: all are mirrored'], isLost: true };
  if (read.some(({ specifier }) => specifier.text.includes('==')) && limitsReleases(source)) notes.push(pinNote);
  if (read.some(({ specifier }) => specifier.clauses.length === 0)) {
    notes.push('of projects without versions, releases whose version is none by PEP 440 are held too');
  }
  return { settings: [{ name: 'projects', value: [...projects] }], notes };
}

const pinNote = 'what is pinned (==) is held whatever [releases] says';

interface Allowed {
  readonly specifier: Requirement['specifier'];
  readonly text: string;
}

function allowed(line: string, blocked: ReadonlyMap<ProjectName, string>, source: ImportSource): Allowed | undefined {
  const requirement = parseRequirement(line);
  if (requirement === undefined) return undefined;
  const { name, specifier } = requirement;
  const versions = [specifier.text.replace(/\s+/g, ''), blocked.get(name) ?? ''].filter((part) => part !== '');
  const text = `${name}${versions.join(',')}`;
  return /\p{C}/u.test(text) || !source.isPattern(text) ? undefined : { specifier, text };
}

function limitsReleases({ enabled }: ImportSource): boolean {
  return enabled.some((name) => name === 'prerelease_release' || name === 'latest_release');
}

/** Converts project_requirements: projects of which bandersnatch holds all releases. */
export function requiredProjects(_value: string, source: ImportSource): Outcome {
  // project_requirements_pinned converts the same files.
  if (source.enabled.includes('project_requirements_pinned')) return {};
  const { settings, notes = [] } = requirements(source);
  const fewer = 'only releases that the files allow are held; bandersnatch held all of their projects';
  return settings === undefined ? { notes, isLost: true } : { settings, notes: [...notes, fewer], isLost: true };
}

/** Converts project_requirements_pinned. */
export function pinnedRequirements(_value: string, source: ImportSource): Outcome {
  const outcome = requirements(source);
  if (outcome.settings === undefined) return outcome;
  const note = `${pinNote}, a range only within [releases]; files that they include (-r, -c) are read too`;
  return { ...outcome, notes: [...(outcome.notes ?? []), note] };
}

function requirements(source: ImportSource): Outcome {
  if (isChosenByName(source)) return lost('no equivalent beside a list of packages: both would have to name a project');
  const folder = confText(source, 'allowlist', 'requirements_path').trim();
  const paths = confLines(source, 'allowlist', 'requirements').map((path) => joined(folder, path));
  const usable = [...new Set(paths)].filter((path) => !/[*?[\]]|\p{C}/u.test(path));
  const missed = paths.filter((path) => !usable.includes(path)).length;
  if (paths.length === 0) return lost('left out: no file is named');
  const notes =
    missed === 0 ? [] : [`left out: ${missed} of the paths, which are patterns: write the files themselves`];
  if (usable.length === 0) return { notes, isLost: true };
  if (usable.some((path) => !path.startsWith('/'))) notes.push('relative paths begin at the folder of mirror.toml now');
  const settings = [{ name: 'requirements', value: usable }];
  return notes.length === 0 ? { settings } : { settings, notes, isLost: true };
}

/** Joins paths as Python does. */
function joined(folder: string, path: string): string {
  return folder === '' || path.startsWith('/') ? path : `${folder.replace(/\/+$/, '')}/${path}`;
}

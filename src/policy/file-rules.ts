/** The rules of `[files]`. Only files that are pinned by hash are exempt. */
import { contains, parseSpecifier, type Specifier } from '../packaging/specifier.ts';
import type { Version } from '../packaging/version.ts';
import { wheelFits } from '../packaging/wheel-tags.ts';
import { type Candidate, exclude, exclusionReason, type PageCandidates, type Release } from './candidate-files.ts';
import type { FileRules, InstallTarget } from './policy.ts';
import { withDetail } from './reason.ts';
import { anyVersion } from './want.ts';

/** Leaves out files of other kinds, files for other install targets, and large ones. */
export function excludeUnfitting({ files }: PageCandidates, rules: FileRules): void {
  for (const candidate of files) {
    excludeByKind(candidate, rules);
    excludeByTags(candidate, rules);
    excludeLarge(candidate, rules);
  }
}

function excludeByKind(candidate: Candidate, { kinds, sdists }: FileRules): void {
  const kind = candidate.name?.kind ?? 'other';
  if (kinds !== undefined && !kinds.value.has(kind)) exclude(candidate, 'pinned-too', kinds.because, kind);
  if (kind === 'sdist' && sdists?.value === 'no') exclude(candidate, 'pinned-too', sdists.because);
}

/** Leaves out wheels whose tags do not fit. A file whose name has no tags may be usable anywhere, so it stays. */
function excludeByTags(candidate: Candidate, { wheelFilter, wheelFilters }: FileRules): void {
  const tags = candidate.name?.tags;
  if (tags === undefined || wheelFilter === undefined || wheelFits(tags, wheelFilter)) return;
  const missed = wheelFilters.find(({ value }) => !wheelFits(tags, value)) ?? wheelFilters[0];
  if (missed !== undefined) exclude(candidate, 'pinned-too', missed.because, 'does not fit');
}

function excludeLarge(candidate: Candidate, { maxSize }: FileRules): void {
  const size = candidate.file.size ?? 0;
  if (maxSize !== undefined && size > maxSize.value) {
    exclude(candidate, 'pinned-too', maxSize.because, `${size} bytes`);
  }
}

/** Leaves out source distributions of releases that have a held wheel for every install target. */
export function excludeNeedlessSdists({ releases }: PageCandidates, { sdists, installTargets }: FileRules): void {
  if (sdists?.value !== 'where-no-wheel-fits') return;
  const specifiers = new Map<string, Specifier>();
  for (const release of releases) {
    const sources = heldOf(release, 'sdist');
    const wheels = sources.length === 0 ? [] : heldOf(release, 'wheel');
    for (const source of sources) {
      const open =
        wheels.length === 0
          ? undefined
          : installTargets.find((target) => !isServed(target, source, wheels, specifiers));
      if (open !== undefined) source.note = withDetail(sdists.because, `no wheel for ${open.text}`);
      else if (wheels.length > 0 && installTargets.length > 0) {
        exclude(source, 'pinned-too', sdists.because, 'wheels fit everywhere');
      }
    }
  }
}

function heldOf({ files }: Release, kind: 'sdist' | 'wheel'): Candidate[] {
  return files.filter((candidate) => candidate.name?.kind === kind && exclusionReason(candidate) === undefined);
}

/** Parsed `requires-python` by its text. */
type Specifiers = Map<string, Specifier>;

/** Returns true if a wheel fits the install target, or if the source distribution itself cannot be installed there. */
function isServed(
  target: InstallTarget,
  source: Candidate,
  wheels: readonly Candidate[],
  specifiers: Specifiers,
): boolean {
  const fitting = wheels.filter(({ name }) => name?.tags !== undefined && wheelFits(name.tags, target.wheelFilter));
  if (target.patches.length === 0) return fitting.length > 0;
  return target.patches.every(
    (patch) =>
      !takesPython(source, patch, specifiers) || fitting.some((wheel) => takesPython(wheel, patch, specifiers)),
  );
}

/** Returns true if the file's `requires-python` admits this version of Python. */
function takesPython({ file }: Candidate, python: Version, specifiers: Specifiers): boolean {
  const text = file.requiresPython;
  if (text === undefined) return true;
  const specifier = specifiers.get(text) ?? parseSpecifier(text) ?? anyVersion;
  specifiers.set(text, specifier);
  return contains(specifier, python);
}

/** Leaves out releases that exceed the size limit of the project. Pinned releases come first, then newer ones. */
export function excludeBeyondSize({ files, releases }: PageCandidates, { maxProjectSize }: FileRules): void {
  if (maxProjectSize === undefined) return;
  let total = sizeOf(files.filter(({ hashPin }) => hashPin !== undefined));
  let isFull = false;
  const pinnedFirst = [...releases].sort((a, b) => Number(b.pin !== undefined) - Number(a.pin !== undefined));
  for (const release of pinnedFirst) {
    const held = release.files.filter((file) => file.hashPin === undefined && exclusionReason(file) === undefined);
    const size = sizeOf(held);
    isFull ||= total + size > maxProjectSize.value;
    if (!isFull) total += size;
    else for (const file of held) exclude(file, 'pinned-too', maxProjectSize.because, 'no room beside newer releases');
  }
}

function sizeOf(candidates: readonly Candidate[]): number {
  return candidates.reduce((total, { file }) => total + (file.size ?? 0), 0);
}

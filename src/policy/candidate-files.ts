/** The files of a page by release, with what the rules have decided so far. */
import type { SimpleFile, SimplePage } from '../formats/simple/simple-json.ts';
import { type DistributionName, parseDistributionName } from '../packaging/distribution-name.ts';
import { contains } from '../packaging/specifier.ts';
import { parseVersion, type Version } from '../packaging/version.ts';
import type { ProjectDecision } from './project-decision.ts';
import { type Reason, withDetail } from './reason.ts';
import type { Want } from './want.ts';

/** A file that may be held. */
export interface Candidate {
  readonly file: SimpleFile;
  readonly name: DistributionName | undefined;
  readonly release: Release;
  /** The want that pins the file by its hash, if any. Such a file is held whatever the rules say. */
  readonly hashPin: Want | undefined;
  /** The first rule that leaves the file out if its release is not pinned. */
  excludedBy: Reason | undefined;
  /** The first rule that leaves the file out even if its release is pinned. */
  excludedThoughPinned: Reason | undefined;
  /** A reason for holding the file that takes precedence over that of its release. */
  note: Reason | undefined;
}

/** The files of one version. */
export interface Release {
  /** The version as the first file spells it. */
  readonly text: string;
  /** Undefined if the text is no version by PEP 440. Such a release counts as older than all others. */
  readonly version: Version | undefined;
  /**
   * The wants that allow all files of the release. A want with hashes is not among them, because it allows only the
   * files with these hashes.
   */
  wants: readonly Want[];
  readonly pin: Want | undefined;
  /** A want with hashes that allows this version. */
  readonly hashed: Want | undefined;
  readonly files: Candidate[];
}

/** The files and releases of a page, for the rules. */
export interface PageCandidates {
  /** In the order of the page. */
  readonly files: readonly Candidate[];
  /** Newest first. */
  readonly releases: readonly Release[];
}

/**
 * The reach of a rule: ordinary rules leave out only releases that are not pinned, others leave out pinned ones too.
 */
export type Reach = 'ordinary' | 'pinned-too';

/** Returns the files of `page` by release, with the wants that allow them. */
export function candidatesOf(page: SimplePage, { name, wants }: ProjectDecision): PageCandidates {
  const byText = new Map<string, Release>();
  const byOrder = new Map<string, Release>();
  const hashPins = new Map(wants.flatMap((want) => want.sha256s.map((sha256) => [sha256, want] as const)));
  const files = page.files.map((file) => {
    const parsed = parseDistributionName(file.filename, name);
    const text = parsed?.version ?? '';
    const release = byText.get(text) ?? releaseOf(text, wants, byOrder);
    byText.set(text, release);
    const hashPin = file.sha256 === undefined ? undefined : hashPins.get(file.sha256);
    const candidate: Candidate = {
      file,
      name: parsed,
      release,
      hashPin,
      excludedBy: undefined,
      excludedThoughPinned: undefined,
      note: undefined,
    };
    release.files.push(candidate);
    return candidate;
  });
  return { files, releases: [...new Set(byText.values())].sort(newestFirst) };
}

function releaseOf(text: string, wants: readonly Want[], byOrder: Map<string, Release>): Release {
  const version = parseVersion(text);
  // The slash keeps the key apart from the orders of versions, which never begin with one.
  const key = version?.order ?? `/${text}`;
  const known = byOrder.get(key);
  if (known !== undefined) return known;
  const allowing = wants.filter(({ specifier }) => contains(specifier, version ?? text));
  const whole = allowing.filter(({ sha256s }) => sha256s.length === 0);
  const hashed = allowing.find(({ sha256s }) => sha256s.length > 0);
  const release = { text, version, wants: whole, pin: pinAmong(whole), hashed, files: [] };
  byOrder.set(key, release);
  return release;
}

/** Returns a pin, preferably one of the settings, which overrides more rules than one of a dependency. */
function pinAmong(wants: readonly Want[]): Want | undefined {
  const pins = wants.filter(({ pinnedBy }) => pinnedBy !== undefined);
  return pins.find(({ pinnedBy }) => pinnedBy === 'settings') ?? pins[0];
}

function newestFirst(a: Release, b: Release): number {
  const [left, right] = [a.version?.order ?? '', b.version?.order ?? ''];
  if (left === right) return a.text < b.text ? 1 : -1;
  return left < right ? 1 : -1;
}

/** Records that a rule leaves the file out. Only the first rule counts. */
export function exclude(candidate: Candidate, reach: Reach, because: Reason, detail?: string): void {
  if (candidate.excludedBy !== undefined && (reach === 'ordinary' || candidate.excludedThoughPinned !== undefined))
    return;
  const reason = detail === undefined ? because : withDetail(because, detail);
  candidate.excludedBy ??= reason;
  if (reach === 'pinned-too') candidate.excludedThoughPinned ??= reason;
}

/** Returns the reason why the file is left out, or undefined if it is held so far. */
export function exclusionReason({ hashPin, release, excludedBy, excludedThoughPinned }: Candidate): Reason | undefined {
  if (hashPin !== undefined) return undefined;
  return release.pin === undefined ? excludedBy : excludedThoughPinned;
}

/** Returns true if the file is held for wants that pin nothing. */
export function isHeldUnpinned({ excludedBy }: Candidate): boolean {
  return excludedBy === undefined;
}

/** Returns the reason why the file is held. */
export function inclusionReason({ hashPin, release, note }: Candidate, fallback: Reason): Reason {
  if (hashPin !== undefined) return withDetail(hashPin.because, 'pinned by its sha256');
  return note ?? release.pin?.because ?? release.wants[0]?.because ?? fallback;
}

/** Returns the version for messages. */
export function versionText({ version, text }: Release): string {
  if (version !== undefined) return version.text;
  return text === '' ? 'no version in its name' : `${text}, which is no version,`;
}

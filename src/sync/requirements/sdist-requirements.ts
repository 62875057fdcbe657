/** Finds out what a source distribution requires, and what building it requires. */
import { UsageError } from '../../core/errors.ts';
import { isJsonObject, type JsonObject } from '../../formats/json.ts';
import { type CoreMetadata, parseCoreMetadata } from '../../packaging/core-metadata.ts';
import { parseLooseRequirement } from '../../packaging/loose-requirement.ts';
import { compareVersions, parseVersion } from '../../packaging/version.ts';
import type { SourceTexts } from './read-distribution.ts';

/** The requirements that the texts of a source distribution tell. */
export interface SdistRequirements {
  /** Undefined if no text tells it. */
  readonly version: string | undefined;
  readonly requires: readonly string[];
  readonly builds: readonly string[];
  /** The reason why building it may reveal further requirements. */
  readonly doubt: string | undefined;
}

/** The build requirements that installers use if nothing else is said (PEP 517). */
const defaultBuildRequires = ['setuptools>=40.8.0', 'wheel'];

/** The metadata version from which on a source distribution's own metadata holds for its builds (PEP 643). */
const reliable = parseVersion('2.2');

/** Returns the requirements that the texts tell. `parseToml` throws UsageError if its text is not TOML. */
export function sdistRequirements(
  { pkgInfo, pyproject }: SourceTexts,
  parseToml: (text: string) => unknown,
): SdistRequirements {
  const metadata = pkgInfo && parseCoreMetadata(pkgInfo);
  const toml = pyproject && tomlOf(pyproject, parseToml);
  if (toml === 'unreadable') {
    const doubt = 'its pyproject.toml cannot be read';
    return { version: metadata?.version, requires: metadata?.requiresDist ?? [], builds: defaultBuildRequires, doubt };
  }
  const reliable =
    (metadata && isReliable(metadata) ? metadata.requiresDist : undefined) ?? projectRequires(toml?.project);
  return {
    version: metadata?.version,
    requires: reliable ?? metadata?.requiresDist ?? [],
    builds: buildRequires(toml?.['build-system']),
    doubt: reliable === undefined ? uncertaintyOf(metadata) : undefined,
  };
}

function tomlOf(bytes: Buffer, parseToml: (text: string) => unknown): JsonObject | 'unreadable' {
  try {
    const toml = parseToml(bytes.toString('utf8'));
    return isJsonObject(toml) ? toml : 'unreadable';
  } catch (error) {
    if (error instanceof UsageError) return 'unreadable';
    throw error;
  }
}

function isReliable({ metadataVersion = '', dynamic }: CoreMetadata): boolean {
  const version = parseVersion(metadataVersion);
  if (version === undefined || reliable === undefined || compareVersions(version, reliable) < 0) return false;
  return !dynamic.includes('requires-dist') && !dynamic.includes('provides-extra');
}

function uncertaintyOf(metadata: CoreMetadata | undefined): string {
  if (metadata === undefined) return 'it has no PKG-INFO';
  const { metadataVersion = 'unknown', dynamic } = metadata;
  const isDynamic = dynamic.includes('requires-dist') || dynamic.includes('provides-extra');
  return isDynamic ? 'its PKG-INFO says so' : `its PKG-INFO has metadata version ${metadataVersion}`;
}

/** Returns the requirements in `[project]`, or undefined if it says that the build adds to them (PEP 621). */
function projectRequires(project: unknown): string[] | undefined {
  if (!isJsonObject(project)) return undefined;
  const dynamic = textsOf(project.dynamic);
  if (dynamic.includes('dependencies') || dynamic.includes('optional-dependencies')) return undefined;
  const extras = isJsonObject(project['optional-dependencies']) ? project['optional-dependencies'] : {};
  const optional = Object.entries(extras).flatMap(([extra, list]) =>
    textsOf(list).map((text) => withExtra(text, extra)),
  );
  return [...textsOf(project.dependencies), ...optional];
}

function withExtra(text: string, extra: string): string {
  const guard = parseLooseRequirement(text)?.guard;
  const isOfExtra = `extra == '${extra}'`;
  if (guard === undefined) return `${text.replace(/;\s*$/, '')} ; ${isOfExtra}`;
  return `${text.slice(0, text.lastIndexOf(';'))} ; (${guard}) and ${isOfExtra}`;
}

/**
 * Returns the build requirements. `wheel` is added to `setuptools` because older releases of setuptools need it to
 * build a wheel.
 */
function buildRequires(buildSystem: unknown): string[] {
  const requires = isJsonObject(buildSystem) && Array.isArray(buildSystem.requires) ? buildSystem.requires : undefined;
  if (requires === undefined) return defaultBuildRequires;
  const texts = textsOf(requires);
  const names = texts.map((text) => parseLooseRequirement(text)?.name as string | undefined);
  return names.includes('setuptools') && !names.includes('wheel') ? [...texts, 'wheel'] : texts;
}

function textsOf(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((text) => typeof text === 'string') : [];
}

/** Reads the requirements of one held file. */
import { sha256Hex } from '../../core/hash.ts';
import type { ProjectName } from '../../core/names.ts';
import { filenameOf, sidecarPath } from '../../core/paths.ts';
import { parseCoreMetadata } from '../../packaging/core-metadata.ts';
import { parseDistributionName } from '../../packaging/distribution-name.ts';
import type { HeldFile } from '../../state/held-projects.ts';
import type { Mirror } from '../mirror.ts';
import { sourceTexts, wheelMetadata } from './read-distribution.ts';
import { sdistRequirements } from './sdist-requirements.ts';

export interface FileRequirements {
  /** The file, for messages. */
  readonly where: string;
  readonly version: string;
  readonly requires: readonly string[];
  /** The text from which `requires` was read, if it has one requirement per line. */
  readonly text: Buffer | undefined;
  /** The reason why the file may require more. */
  readonly doubt: string | undefined;
}

/** The budget for reading the files of one project. */
interface Budget {
  isRepeated(sha256: string): boolean;
  mayRead(bytes: number): boolean;
}

/**
 * Returns the requirements of `file` of the project `name`, or 'too much' if they cannot be read within the budget. A
 * source distribution is read only if it `isNeeded`. Returns undefined if nothing of the file counts, or if another
 * file had the same metadata. Throws StorageError.
 */
export async function readFileRequirements(
  mirror: Pick<Mirror, 'files' | 'parseToml'>,
  name: ProjectName,
  file: HeldFile,
  isNeeded: boolean,
  budget: Budget,
): Promise<FileRequirements | 'too much' | undefined> {
  const { files } = mirror;
  const { path, metadataSha256 } = file;
  const kind = parseDistributionName(filenameOf(path), name)?.kind;
  if (kind === 'sdist') return isNeeded ? fromSdist(mirror, name, file, budget) : undefined;
  if (metadataSha256 !== undefined) {
    if (budget.isRepeated(metadataSha256)) return undefined;
    const beside = sidecarPath(path, 'metadata');
    const size = await files.size(beside);
    if (size !== undefined) {
      const bytes = budget.mayRead(size) ? await files.read(beside) : undefined;
      return bytes === undefined ? 'too much' : fromMetadata(beside, bytes);
    }
  }
  if (kind !== 'wheel') return undefined;
  const bytes = await wheelMetadata(files, path);
  if (bytes === undefined)
    return { ...nothing, where: path, doubt: `it has no METADATA that can be read${adviceToName}` };
  if (budget.isRepeated(sha256Hex(bytes))) return undefined;
  return budget.mayRead(bytes.length) ? fromMetadata(`${path}: METADATA`, bytes) : 'too much';
}

const nothing = { version: '', requires: [], text: undefined };
const adviceToName = '; what it requires besides has to be named in mirror.toml';

function fromMetadata(where: string, text: Buffer): FileRequirements | 'too much' {
  const metadata = parseCoreMetadata(text);
  if (metadata === undefined) return 'too much';
  const { version = '', requiresDist } = metadata;
  return { where, version, requires: requiresDist, text, doubt: undefined };
}

async function fromSdist(
  { files, parseToml }: Pick<Mirror, 'files' | 'parseToml'>,
  name: ProjectName,
  { path, size, metadataSha256 }: HeldFile,
  budget: Budget,
): Promise<FileRequirements | 'too much'> {
  if (!budget.mayRead(size)) return 'too much';
  const texts = await sourceTexts(files, path);
  if (texts === undefined) return { ...nothing, where: path, doubt: `it cannot be looked into${adviceToName}` };
  const found = sdistRequirements(texts, parseToml);
  const beside = metadataSha256 === undefined ? undefined : await files.read(sidecarPath(path, 'metadata'));
  const metadata = beside && parseCoreMetadata(beside);
  const { builds, doubt } = found;
  const version = metadata?.version ?? found.version ?? parseDistributionName(filenameOf(path), name)?.version ?? '';
  return {
    where: path,
    version,
    requires: [...(metadata?.requiresDist ?? found.requires), ...builds],
    text: texts.pkgInfo,
    doubt:
      doubt === undefined || metadata !== undefined
        ? undefined
        : `only building it tells for sure what it requires (${doubt})${adviceToName}`,
  };
}

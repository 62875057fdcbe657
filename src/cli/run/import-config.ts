/** Makes `mirror.toml` from the configuration of bandersnatch. */
import { statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { messageOf } from '../../core/caught-error.ts';
import { StorageError, UsageError } from '../../core/errors.ts';
import { type BandersnatchConf, parseBandersnatchConf } from '../../formats/migration/bandersnatch-conf.ts';
import type { ImportedBandersnatch } from '../../formats/migration/import-bandersnatch.ts';
import { isPattern } from '../../policy/project-patterns.ts';
import { loadRegexes } from '../config/policy-file.ts';
import { readText } from '../config/read-text.ts';
import type { Lines } from '../output/lines.ts';
import { loadPart } from '../program/load-part.ts';
import { userName } from '../target/owner.ts';
import { isThere, type Target } from '../target/target.ts';

const confName = 'bandersnatch.conf';

/**
 * Prints the `mirror.toml` that is equivalent to the configuration at `path`, and notes on everything without an
 * equivalent. Throws UsageError.
 */
export async function printImportedConfig(path: string, lines: Lines): Promise<void> {
  const { toml, notes } = await imported(path);
  lines.out(toml.trimEnd());
  for (const note of notes) lines.err(`${path}: ${note}`);
}

/**
 * Writes `mirror.toml` from a `bandersnatch.conf` that lies in or beside the target. Does nothing if the target has a
 * `mirror.toml` already, or if `isMirror` says that it is a mirror of ours already. Passes notes on everything without
 * an equivalent to `tell`. Throws UsageError if the new mirror would not hold what the old one held.
 */
export async function importConfigBeside(
  { root, config }: Target,
  isMirror: boolean,
  tell: (line: string) => void,
): Promise<void> {
  const path = isThere(config) || isMirror ? undefined : confBeside(root);
  if (path === undefined) return;
  const { toml, notes, lost } = await imported(path);
  if (lost[0] !== undefined) {
    throw new UsageError(
      `${path}: ${lost[0]}; nothing was changed: write ${config} (pep381run --import-config ${path} makes a draft)`,
    );
  }
  try {
    writeFileSync(config, toml, { flag: 'wx', mode: 0o644 });
  } catch (cause) {
    throw new StorageError(`${config}: cannot be written: ${messageOf(cause)}`, { cause });
  }
  tell(`Wrote ${config} from ${path}`);
  for (const note of notes) tell(`${path}: ${note}`);
}

async function imported(path: string): Promise<ImportedBandersnatch> {
  const conf = readConf(path);
  const compileRegex = await loadRegexes();
  const load = () => import('../../formats/migration/import-bandersnatch.ts');
  const { importBandersnatch } = await loadPart('import.js', load);
  return importBandersnatch(conf, (text) => isPattern(text, compileRegex));
}

function confBeside(root: string): string | undefined {
  const inside = join(root, confName);
  if (isThere(inside)) return inside;
  const beside = join(dirname(root), confName);
  const directory = isThere(beside) ? readConf(beside).get('mirror')?.get('directory')?.value : undefined;
  if (directory === undefined || resolve(directory) !== root) return undefined;
  refuseForeign(beside, root);
  return beside;
}

/**
 * Throws UsageError if the file at `path`, beside the target, belongs to neither root nor this user: other users may
 * be allowed to write to the parent folder.
 */
function refuseForeign(path: string, root: string): void {
  const { uid } = statSync(path);
  if (uid === 0 || uid === process.geteuid?.()) return;
  throw new UsageError(
    `${path}: belongs to ${userName(uid)}, and may not decide what ${root} mirrors; write ${join(root, 'mirror.toml')}, ` +
      `by pep381run --import-config ${path} if that is what you mean`,
  );
}

function readConf(path: string): BandersnatchConf {
  let text: string;
  try {
    text = readText(path);
  } catch (cause) {
    throw new UsageError(`${path}: cannot be read: ${messageOf(cause)}`, { cause });
  }
  return parseBandersnatchConf(text, path);
}

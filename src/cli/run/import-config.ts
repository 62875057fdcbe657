/** Makes `mirror.toml` from the configuration of bandersnatch. A part of its own: few mirrors begin with one. */
import { statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { messageOf } from '../../core/caught-error.ts';
import { StorageError, UsageError } from '../../core/errors.ts';
import { type BandersnatchConf, parseBandersnatchConf } from '../../formats/migration/bandersnatch-conf.ts';
import { type ImportedBandersnatch, importBandersnatch } from '../../formats/migration/import-bandersnatch.ts';
import { type CompileRegex, isPattern } from '../../policy/project-patterns.ts';
import { readText } from '../config/read-text.ts';
import type { Lines } from '../output/lines.ts';
import { userName } from '../target/owner.ts';
import { isThere, type Target } from '../target/target.ts';
import { confBesideTarget, confInTarget } from './find-config.ts';

/** Loads what compiles the patterns of rules. */
type LoadRegexes = () => Promise<CompileRegex>;

/**
 * Prints the `mirror.toml` that is equivalent to the configuration at `path`, and notes on everything without an
 * equivalent. Throws UsageError.
 */
export async function printImportedConfig(path: string, lines: Lines, loadRegexes: LoadRegexes): Promise<void> {
  const { toml, notes } = await imported(path, loadRegexes);
  lines.out(toml.trimEnd());
  for (const note of notes) lines.err(`${path}: ${note}`);
}

/**
 * Writes `mirror.toml` from a `bandersnatch.conf` that lies in or beside the target, if it is that of the target.
 * Passes notes on everything without an equivalent to `tell`. Throws UsageError if the new mirror would not hold what
 * the old one held.
 */
export async function importConfigBeside(
  { root, config }: Target,
  tell: (line: string) => void,
  loadRegexes: LoadRegexes,
): Promise<void> {
  const path = confOf(root);
  if (path === undefined) return;
  const { toml, notes, lost } = await imported(path, loadRegexes);
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

async function imported(path: string, loadRegexes: LoadRegexes): Promise<ImportedBandersnatch> {
  const conf = readConf(path);
  const compileRegex = await loadRegexes();
  return importBandersnatch(conf, (text) => isPattern(text, compileRegex));
}

function confOf(root: string): string | undefined {
  const inside = confInTarget(root);
  if (isThere(inside)) return inside;
  const beside = confBesideTarget(root);
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

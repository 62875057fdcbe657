/** Reads the policy of a partial mirror from `mirror.toml`. */
import { dirname, resolve } from 'node:path';
import { messageOf } from '../../core/caught-error.ts';
import { UsageError } from '../../core/errors.ts';
import { decodeText } from '../../formats/decode-text.ts';
import { tomlLines } from '../../formats/toml-lines.ts';
import { IndexAliases } from '../../policy/index-aliases.ts';
import { parsePolicy, policyKeys, usesRegexes } from '../../policy/parse-policy.ts';
import type { Policy } from '../../policy/policy.ts';
import { policyNames } from '../../policy/project-decision.ts';
import type { CompileRegex } from '../../policy/project-patterns.ts';
import { loadPart } from '../program/load-part.ts';
import { type ConfigFile, parseToml } from './config-file.ts';
import { readBytes } from './read-text.ts';
import { type Settings, settingsFrom } from './settings.ts';

/**
 * Returns the policy of `config` for the upstream of `settings`; undefined if it restricts nothing. Throws UsageError,
 * with the line.
 */
export async function readPolicy(
  config: ConfigFile,
  settings = settingsFrom(config.given),
): Promise<Policy | undefined> {
  const { path, text, toml } = config;
  if (!policyKeys.some((key) => key in toml)) return undefined;
  const compileRegex = usesRegexes(toml) ? await loadRegexes() : noRegexes;
  const lineOf = tomlLines(text);
  const folder = dirname(path);
  const reader = { read: (file: string) => readRequirements(resolve(folder, file)), parseToml };
  for (const key of ['projects', 'requirements'] as const) {
    if (isEmptyList(toml[key])) {
      throw new UsageError(`${path}:${lineOf(key)}: ${key}: expected a list of texts, found []`);
    }
  }
  const at = (keyPath: string): string => `${path}:${lineOf(keyPath)}`;
  const main = `${settings.upstream}/simple`;
  return notEmpty(parsePolicy(toml, { reader, compileRegex, at, main, upstream: namesOf(settings) }), path);
}

/** Returns all addresses of upstream. The mirror's own address is one of them: lock files of its users contain it. */
function namesOf({ upstream, upstreamAliases, fileHosts, baseUrl }: Settings): IndexAliases {
  return IndexAliases.ofMirror(
    upstream,
    baseUrl === undefined ? upstreamAliases : [...upstreamAliases, baseUrl],
    fileHosts,
  );
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/**
 * Returns `policy`. Throws UsageError if it holds no project: whoever empties a requirements file by mistake does not
 * mean to remove the whole mirror.
 */
function notEmpty(policy: Policy, path: string): Policy {
  // Patterns may match projects of other indexes. Only the lists of those indexes tell which.
  if (policyNames(policy)?.length !== 0 || policy.rules.some(({ hold, open }) => hold !== 'none' && open.length > 0)) {
    return policy;
  }
  const where = policy.rules[0]?.because.where ?? path;
  const [because = 'name at least one'] = policy.warnings;
  throw new UsageError(`${where}: no project is held, which would remove the whole mirror: ${because}`);
}

function readRequirements(path: string): string {
  try {
    return decodeText(readBytes(path));
  } catch (cause) {
    throw new UsageError(`${path}: cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** Returns a compiler of regular expressions. It is loaded only if a pattern needs it. */
export async function loadRegexes(): Promise<CompileRegex> {
  const { compileRegex } = await loadPart('regex.js', () => import('./compile-regex.ts'));
  return compileRegex;
}

const noRegexes: CompileRegex = () => {
  throw new TypeError('a regex where none was seen');
};

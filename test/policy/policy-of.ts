/** Policies and pages for tests. */
import { RE2JS } from 're2js';
import { parse } from 'smol-toml';
import { UsageError } from '../../src/core/errors.ts';
import { type ProjectName, projectName } from '../../src/core/names.ts';
import type { SimplePage } from '../../src/formats/simple/simple-json.ts';
import { parseSimplePage } from '../../src/formats/simple/simple-json.ts';
import { tomlLines } from '../../src/formats/toml-lines.ts';
import { parsePolicy } from '../../src/policy/parse-policy.ts';
import { planFiles } from '../../src/policy/plan-files.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { decideProject } from '../../src/policy/project-decision.ts';
import type { CompileRegex } from '../../src/policy/project-patterns.ts';
import { explainFile } from '../../src/policy/render-reason.ts';
import type { Want } from '../../src/policy/want.ts';

/** As the product would compile it. */
export const compileRegex: CompileRegex = (source) => {
  const regex = RE2JS.compile(source);
  return (text) => regex.test(text);
};

/** The policy of a whole `mirror.toml`; `files` are the requirements files, by path. */
export function policyOf(toml: string, files: Readonly<Record<string, string>> = {}, compile = compileRegex): Policy {
  const line = tomlLines(toml);
  const read = (path: string): string => {
    const text = files[path];
    if (text === undefined) throw new UsageError(`${path}: there is no such file`);
    return text;
  };
  const reader = { read, parseToml: (text: string): unknown => parse(text) };
  return parsePolicy(parse(toml), { at: (path) => `mirror.toml:${line(path)}`, reader, compileRegex: compile });
}

/** What is wrong with a `mirror.toml`. */
export function problemOf(toml: string, files: Readonly<Record<string, string>> = {}): string {
  try {
    policyOf(toml, files);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return 'accepted';
}

/** A name that is known to be one. */
export function named(text: string): ProjectName {
  const name = projectName(text);
  if (name === undefined) throw new Error(`${text} is no name`);
  return name;
}

/** One file of a made-up page; `day` of January 2024. */
export interface TestFile {
  readonly name: string;
  readonly day?: number;
  readonly size?: number;
  readonly yanked?: boolean;
  readonly python?: string;
  readonly sha256?: string;
}

/** A page of such files. */
export function pageOf(name: string, files: readonly (string | TestFile)[], status = 'active'): SimplePage {
  const listed = files.map((file) => {
    const {
      name: filename,
      day,
      size,
      yanked,
      python,
      sha256,
    }: TestFile = typeof file === 'string' ? { name: file } : file;
    return {
      filename,
      url: `https://files.example/${filename}`,
      hashes: sha256 === undefined ? {} : { sha256 },
      yanked: yanked === true,
      ...(day !== undefined && { 'upload-time': new Date(dayMs(day)).toISOString() }),
      ...(size !== undefined && { size }),
      ...(python !== undefined && { 'requires-python': python }),
    };
  });
  const page = { meta: { 'api-version': '1.1' }, name, 'project-status': { status }, files: listed };
  return parseSimplePage(JSON.stringify(page), name);
}

/** A day of January 2024, in milliseconds. */
export function dayMs(day: number): number {
  return Date.UTC(2024, 0, 1) + (day - 1) * 86_400_000;
}

/** The names of the files that are held on a day of January 2024. */
export function heldFiles(policy: Policy, page: SimplePage, day = 31, wants: readonly Want[] = []): string[] {
  const decision = decideProject(policy, named(page.name), wants);
  const { files } = planFiles(policy, decision, page, dayMs(day));
  return files.filter(({ hold }) => hold).map(({ file }) => file.filename);
}

/** A line about each file. */
export function explained(policy: Policy, page: SimplePage, day = 31, wants: readonly Want[] = []): string[] {
  const decision = decideProject(policy, named(page.name), wants);
  return planFiles(policy, decision, page, dayMs(day)).files.map(explainFile);
}

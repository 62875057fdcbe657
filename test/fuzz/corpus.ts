/** The inputs that are replayed first: small ones made by hand, and every one that ever found something. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FuzzTarget } from './fuzz-target.ts';

function folderOf(name: string): string {
  return fileURLToPath(new URL(`corpus/${name}/`, import.meta.url));
}

/** The corpus of `target`, by file name, in a fixed order. */
export function readCorpus({ name, encoding }: FuzzTarget): ReadonlyMap<string, string> {
  const folder = folderOf(name);
  const files = readdirSync(folder).sort();
  return new Map(files.map((file) => [file, readFileSync(folder + file, encoding)]));
}

/** Adds `input`; `kind` says why it is there. Returns the path of the file. */
export function saveInput({ name, encoding }: FuzzTarget, kind: 'failed' | 'reached', input: string): string {
  const bytes = Buffer.from(input, encoding);
  const path = `${folderOf(name)}${kind}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`;
  mkdirSync(folderOf(name), { recursive: true });
  writeFileSync(path, bytes);
  return path;
}

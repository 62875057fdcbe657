/**
 * Lets Node import our .ts files. The output of esbuild is kept in .build/, each file with the modification time of its
 * source. `npm test` makes all of them beforehand.
 */
import { mkdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Node's hook for the resolution of an import. */
export function resolve(specifier, context, next) {
  // Whether it is there shows when it is read.
  if (specifier.startsWith('.') && specifier.endsWith('.ts')) return own(new URL(specifier, context.parentURL));
  if (specifier !== 'async-hook-domain') return next(specifier, context);
  return own(new URL('test-domain.mjs', import.meta.url));
}

function own({ href: url }) {
  return { url, format: 'module', shortCircuit: true };
}

/** Node's hook for the source of a module. */
export async function load(url, context, next) {
  if (url === new URL('../../package.json', import.meta.url).href) return packageVersion(url);
  if (!url.endsWith('.ts')) return next(url, context);
  return { format: 'module', source: await transpiled(fileURLToPath(url)), shortCircuit: true };
}

/** Returns the JavaScript of a TypeScript file. It names its source for the stack traces of errors. */
export async function transpiled(path) {
  const built = `${root}.build/${relative(root, path)}.js`;
  const { mtimeMs } = statSync(path);
  if (Math.round(statSync(built, { throwIfNoEntry: false })?.mtimeMs ?? 0) === Math.round(mtimeMs)) {
    return readFileSync(built, 'utf8');
  }
  const { transform } = await import('esbuild');
  const options = { loader: 'ts', format: 'esm', target: 'node20.18', sourcemap: 'inline', sourcefile: path };
  const { code } = await transform(readFileSync(path, 'utf8'), { ...options, sourcesContent: false });
  keep(built, code, mtimeMs);
  return code;
}

/** Writes the file under another name first, because another process may read or write it at the same time. */
function keep(built, code, mtimeMs) {
  const written = `${built}.${process.pid}`;
  mkdirSync(dirname(built), { recursive: true });
  writeFileSync(written, code);
  utimesSync(written, mtimeMs / 1000, mtimeMs / 1000);
  renameSync(written, built);
}

/** Returns package.json as a module. Node imports JSON only with another syntax than TypeScript and esbuild. */
function packageVersion(url) {
  const { version } = JSON.parse(readFileSync(fileURLToPath(url), 'utf8'));
  return { format: 'module', source: `export const version = ${JSON.stringify(version)};`, shortCircuit: true };
}

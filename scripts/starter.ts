/**
 * What each program is: it runs its bundle, which lies beside it, with V8's code cache of the bundle if there is one.
 * The cache saves a fifth of the time of a short run. It is made by the build, and used only if it is whole, was made
 * from this very bundle, and by this version of V8; otherwise everything is compiled as usual.
 */
// First, because an older Node.js has not all of what is below.
import './fitting-node.ts';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { nodeFolder } from '../src/cli/program/node-folder.ts';

/** The name of the program's bundle, filled in by the build, so that the program may be renamed. */
declare const bundleName: string;

const folder = dirname(__filename);
// Node.js has followed the links to this file once. Whoever asks later where the program lies gets the same answer,
// even if a link leads to another version by then.
process.argv[1] = __filename;
const requireHere = createRequire(__filename);
/** Loads a module of Node, or a part beside the program, which may have a cache as well. */
const requirePart = Object.assign(
  (name: string): unknown => (name.startsWith('./') ? run(join(folder, name)) : requireHere(name)),
  { resolve: requireHere.resolve },
);

const bundle = join(folder, bundleName);
if (existsSync(bundle)) run(bundle);
else {
  process.stderr.write(
    `${bundle}, which belongs beside the program, is missing: copy the whole folder of the programs\n`,
  );
  process.exitCode = 2;
}

/** Runs a bundle of this folder as a CommonJS module, and returns what it exports. */
function run(path: string): unknown {
  const source = readFileSync(path, 'utf8');
  const code = `(function (exports, require, module, __filename, __dirname) {${source}\n})`;
  const cachedData = readCache(path, source);
  const script = new Script(code, { filename: path, ...(cachedData && { cachedData }) });
  const module = { exports: {} };
  script.runInThisContext().call(module.exports, module.exports, requirePart, module, path, folder);
  return module.exports;
}

/**
 * Returns the code cache of a bundle, or undefined. V8 checks its own version, and would crash by a damaged cache. So
 * the cache ends with the id of its bundle and a hash of itself, both of 32 letters.
 */
function readCache(path: string, source: string): Buffer | undefined {
  const id = source.slice(-33, -1);
  try {
    const place = join(folder, nodeFolder, `${basename(path)}.cache`);
    // Reading a pipe would never end.
    if (!statSync(place).isFile()) return undefined;
    const file = readFileSync(place);
    const cache = file.subarray(0, -64);
    const hash = createHash('sha256').update(cache).digest('hex').slice(0, 32);
    return file.subarray(-64).toString('latin1') === id + hash ? cache : undefined;
  } catch {
    return undefined;
  }
}

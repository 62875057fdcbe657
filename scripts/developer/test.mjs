/**
 * All of `npm test`. On a fresh clone most of the time before the tests goes into compiling the SQLite addon on one
 * core; what does not need it runs meanwhile. Arguments are tap's, as files of tests to run; with them only tap runs.
 * `--install`, or CI=true, installs the programs that tests need.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { orFail, root, run } from './run.mjs';
import { buildAddon, checkNode, installPackages } from './setup.mjs';
import { provideTestPrograms } from './test-programs.mjs';
import { transpiled } from './typescript-loader.mjs';

checkNode();
await orFail(test(process.argv.slice(2)));

async function test(args) {
  const mayInstall = args.includes('--install') || process.env.CI === 'true';
  const ofTap = args.filter((arg) => arg !== '--install');
  await installPackages();
  await Promise.all([
    buildAddon(),
    provideTestPrograms(mayInstall),
    prepareTap().then(ofTap.length > 0 ? undefined : check),
  ]);
  await run('node', ['scripts/developer/build.mjs']);
  await Promise.all(['src', 'test'].flatMap(sourcesIn).map(transpiled));
  await run('tap', ofTap);
}

/**
 * Makes tap without the plugins that .taprc turns off. Left to tap's first run, that run still has them, and each test
 * file takes three seconds longer.
 */
async function prepareTap() {
  const made = readFileSync(join(root, 'node_modules/@tapjs/test/test-built/dist/esm/index.js'), 'utf8');
  const off = [...readFileSync(join(root, '.taprc'), 'utf8').matchAll(/"!(.*)"/g)].map(([, plugin]) => plugin);
  if (off.some((plugin) => made.includes(`from "${plugin}"`))) await run('tap', ['build']);
}

async function check() {
  await run('tsc', ['-p', '.']);
  await run('biome', ['check', '.']);
}

function sourcesIn(folder) {
  const paths = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return paths.filter((path) => path.endsWith('.ts')).map((path) => join(root, folder, path));
}

/**
 * All of `npm test`. On a fresh clone most of the time before the tests goes into compiling the SQLite addon on one
 * core; what does not need it runs meanwhile.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { orFail, root, run } from './run.mjs';
import { checkNode, installPackages, installTestPrograms, isInstalled, runInstallScripts } from './setup.mjs';
import { transpiled } from './typescript-loader.mjs';

checkNode();
await orFail(isInstalled() ? testInstalled() : testFresh());

async function testFresh() {
  await installPackages();
  await Promise.all([runInstallScripts(), installTestPrograms(), buildTap().then(check)]);
  await buildAndTest();
}

async function testInstalled() {
  await installTestPrograms();
  await check();
  await buildAndTest();
}

/**
 * Makes tap without the plugins that .taprc turns off. Left to tap's first run, that run still has them, and each test
 * file takes three seconds longer.
 */
async function buildTap() {
  await run('tap', ['build']);
}

async function check() {
  await run('tsc', ['-p', '.']);
  await run('biome', ['check', '.']);
}

async function buildAndTest() {
  await run('node', ['scripts/build.mjs']);
  await Promise.all(['src', 'test'].flatMap(sourcesIn).map(transpiled));
  await run('tap', []);
}

function sourcesIn(folder) {
  const paths = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return paths.filter((path) => path.endsWith('.ts')).map((path) => join(root, folder, path));
}

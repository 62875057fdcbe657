/**
 * All of `npm test`. On a fresh clone most of the time before the tests goes into compiling the SQLite addon on one
 * core; what does not need it runs meanwhile.
 */
import { orFail, run } from './run.mjs';
import { checkNode, installApache, installPackages, isInstalled, runInstallScripts } from './setup.mjs';

checkNode();
await orFail(isInstalled() ? testInstalled() : testFresh());

async function testFresh() {
  await installPackages();
  await Promise.all([runInstallScripts(), installApache(), buildTap().then(check)]);
  await buildAndTest();
}

async function testInstalled() {
  await installApache();
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
  await run('tap', []);
}

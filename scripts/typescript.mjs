/**
 * `node --import=./scripts/typescript.mjs FILE.ts` runs the tests: at a third of what tsx costs each of their processes.
 * The programs that tests start are spared what tap loads into each for coverage: two thirds of the time of a start.
 */
import { register } from 'node:module';
import processOnSpawn from 'process-on-spawn';

register('./typescript-loader.mjs', import.meta.url);

const ofTap = /"--import=[^"]*@tapjs[^"]*" ?/;

processOnSpawn.addListener((started) => {
  const { NODE_OPTIONS: options = '', ...env } = started.env;
  const others = options.replace(ofTap, '').trim();
  started.env = others === '' ? env : { ...env, NODE_OPTIONS: others };
});

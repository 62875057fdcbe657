/** `node --import=./scripts/typescript.mjs FILE.ts` runs the tests: at a third of what tsx costs each of their processes. */
import { register } from 'node:module';

register('./typescript-loader.mjs', import.meta.url);

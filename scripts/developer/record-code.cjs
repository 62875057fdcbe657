/**
 * Loaded before a program: writes the code cache of each of its files when it ends, into the folder CODE_CACHES. See
 * scripts/starter.ts.
 */
const { createHash } = require('node:crypto');
const { existsSync, writeFileSync } = require('node:fs');
const { basename, join } = require('node:path');
const v8 = require('node:v8');
const vm = require('node:vm');

const recorded = [];

// A cache is accepted only where the flags of V8 are the same as when it was made. So a program's flags are set when the
// caches are made, as they were set when each file was compiled.
const flags = [];
const { setFlagsFromString } = v8;
v8.setFlagsFromString = (flag) => flags.push(flag);
// A cache also tells which functions V8's quick compiler has taken up. That depends on the length of the paths that they
// worked through, so that the folder of the build would decide it. The flag is set back before the caches are made.
setFlagsFromString('--no-sparkplug');
vm.Script = class extends vm.Script {
  constructor(code, options) {
    const name = basename(options.filename);
    // The folder of the build does not belong into the cache. A copy, as V8 would also keep the path that this is cut from.
    super(code, { ...options, filename: Buffer.from(name).toString() });
    const id = /\/\/ (\w{32})\n\n\}\)$/.exec(code.slice(-50))?.[1];
    if (id !== undefined)
      recorded.push({ script: this, path: join(process.env.CODE_CACHES, `${name}.cache`), id, flags: flags.length });
  }
};

// How long a run takes must not decide what is compiled: time stands still, and only timers of a moment fire.
const { setTimeout } = globalThis;
globalThis.setTimeout = (call, ms, ...args) => setTimeout(call, ms > 50 ? 2 ** 30 : ms, ...args);
const began = Date.now();
Date.now = () => began;
performance.now = () => 0;

process.on('exit', () => {
  setFlagsFromString('--sparkplug');
  let set = 0;
  // Programs share parts, but set other flags before they load them: pep381run, which comes first, needs them most often.
  const program = basename(process.argv[1]);
  const isOfOther = (path) => program !== 'pep381run' && !path.endsWith(`/${program}.js.cache`) && existsSync(path);
  for (const { script, path, id, flags: wanted } of recorded) {
    while (set < wanted) setFlagsFromString(flags[set++]);
    if (isOfOther(path)) continue;
    const cache = script.createCachedData();
    const hash = createHash('sha256').update(cache).digest('hex').slice(0, 32);
    writeFileSync(path, Buffer.concat([cache, Buffer.from(id + hash)]));
  }
});

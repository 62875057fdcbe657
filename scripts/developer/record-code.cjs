/**
 * Loaded before a program: writes the code cache of each of its files when it ends, into the folder CODE_CACHES. See
 * scripts/starter.ts.
 */
const { createHash } = require('node:crypto');
const { writeFileSync } = require('node:fs');
const { basename, join } = require('node:path');
const v8 = require('node:v8');
const vm = require('node:vm');

const recorded = [];

// A cache is accepted only by a process with the same flags as the one that made it, when it compiles.
v8.setFlagsFromString = () => {};
vm.Script = class extends vm.Script {
  constructor(code, options) {
    const name = basename(options.filename);
    // The folder of the build does not belong into the cache. A copy, as V8 would also keep the path that this is cut from.
    super(code, { ...options, filename: Buffer.from(name).toString() });
    const id = /\/\/ (\w{32})\n\n\}\)$/.exec(code.slice(-50))?.[1];
    if (id !== undefined) recorded.push({ script: this, path: join(process.env.CODE_CACHES, `${name}.cache`), id });
  }
};

// How long a run takes must not decide what is compiled: time stands still, and only timers of a moment fire.
const { setTimeout } = globalThis;
globalThis.setTimeout = (call, ms, ...args) => setTimeout(call, ms > 50 ? 2 ** 30 : ms, ...args);
const began = Date.now();
Date.now = () => began;
performance.now = () => 0;

process.on('exit', () => {
  for (const { script, path, id } of recorded) {
    const cache = script.createCachedData();
    const hash = createHash('sha256').update(cache).digest('hex').slice(0, 32);
    writeFileSync(path, Buffer.concat([cache, Buffer.from(id + hash)]));
  }
});

/**
 * Kills a program just before the step whose number is in KILL_AT, as `kill -9` would. It is loaded before the program
 * (`node --require kill-at.cjs program`), and counts the steps that change something on disk. A step that writes bytes
 * counts as two: before the first byte, and in the middle. The flush of a single file is no step, because only a power
 * cut shows if it took place. With KILL_KIND only the steps of this kind are counted. With KILL_LOG the steps are listed in that file when the program ends.
 */
const childProcess = require('node:child_process');
const { constants } = require('node:fs');
const fs = require('node:fs');
const { promisify } = require('node:util');

const { appendFileSync, writeFileSync, writeSync } = fs;
const killAt = Number(process.env.KILL_AT ?? 0);
const { KILL_KIND } = process.env;
const steps = [];
let counted = 0;
/** True within a step that Node implements by other steps. */
let within = false;

/** Counts a step. If it is the chosen one, does `half` of it and kills the process. */
function step(name, half = () => {}) {
  if (within) return;
  steps.push(name);
  if (name !== (KILL_KIND ?? name)) return;
  counted += 1;
  if (counted !== killAt) return;
  half();
  process.kill(process.pid, 'SIGKILL');
  // No further step may happen before the signal arrives.
  for (;;);
}

function patch(object, name, before) {
  const original = object[name];
  if (typeof original !== 'function') return;
  const patched = function (...args) {
    before(...args);
    const outer = within;
    within = true;
    try {
      return Reflect.apply(original, this, args);
    } finally {
      within = outer;
    }
  };
  const custom = original[promisify.custom];
  // Some functions resolve with more than one value when they are promisified.
  const promised = custom ?? promisify(original);
  patched[promisify.custom] = (...args) => {
    before(...args);
    return promised(...args);
  };
  object[name] = patched;
}

const writes = (flags) =>
  typeof flags === 'number'
    ? (flags & (constants.O_WRONLY | constants.O_RDWR)) !== 0
    : typeof flags === 'string' && flags !== 'r' && flags !== 'rs';

const halfOf = (data) => {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  return bytes.subarray(0, bytes.length >> 1);
};

for (const suffix of ['', 'Sync']) {
  for (const name of [
    'rename',
    'mkdir',
    'rm',
    'rmdir',
    'unlink',
    'utimes',
    'truncate',
    'ftruncate',
    'copyFile',
    'link',
  ]) {
    patch(fs, name + suffix, () => step(name));
  }
  patch(fs, `open${suffix}`, (_path, flags) => {
    if (writes(flags)) step('open');
  });
  patch(fs, `write${suffix}`, (fd, data, offset) => {
    if (fd <= 2) return;
    step('write');
    const rest = typeof offset === 'number' ? data.subarray(offset) : data;
    step('half a write', () => writeSync(fd, halfOf(rest)));
  });
  patch(fs, `writeFile${suffix}`, (path, data, options) => {
    step('write a file');
    step('half a file', () => writeFileSync(path, halfOf(data), options));
  });
}
for (const name of ['rename', 'mkdir', 'rm', 'rmdir', 'unlink', 'utimes', 'writeFile', 'copyFile']) {
  patch(fs.promises, name, () => step(name));
}
patch(childProcess, 'execFile', (command) => step(command));

// The files of the mirror are flushed by a shell, which gets a line for each flush.
const { spawn } = childProcess;
childProcess.spawn = (...args) => {
  const child = spawn(...args);
  if (child.stdin) patch(child.stdin, 'write', () => step('flush all'));
  return child;
};

if (process.env.KILL_LOG) {
  process.on('exit', () => {
    const list = steps.map((name) => `${name}\n`).join('');
    appendFileSync(process.env.KILL_LOG, list);
  });
}

/**
 * Makes disk operations of a program fail. It is loaded before the program (`node --require fail-at.cjs program`), and
 * counts the program's operations below the folder FAIL_BELOW by kind. The operation of kind FAIL_KIND whose number is
 * FAIL_AT fails with FAIL_CODE; with FAIL_ON=1 all that follow fail as well. The code SHORT is a write that takes half
 * of the bytes. With FAIL_LOG a file is written when the program ends: the counts of all kinds, and the number of
 * operations that failed.
 */
const childProcess = require('node:child_process');
const fs = require('node:fs');
const { errno } = require('node:os').constants;
const { promisify } = require('node:util');
const { isMainThread } = require('node:worker_threads');

const { writeFileSync, writeSync, write: writeLater } = fs;
const { FAIL_BELOW: below = '', FAIL_KIND: chosen, FAIL_AT: at, FAIL_CODE: code = 'EIO', FAIL_ON: on } = process.env;
const counts = {};
let struck = 0;
/** True within an operation that Node implements by other operations. */
let within = false;
/** The descriptors of open files below the folder. */
const opened = new Set();

const isOurs = (what) =>
  typeof what === 'number'
    ? opened.has(what)
    : (typeof what === 'string' || what instanceof URL) && String(what).startsWith(below);

/** Counts an operation. Returns true if it has to fail. */
function fails(kind) {
  counts[kind] = (counts[kind] ?? 0) + 1;
  const hit = kind === chosen && (counts[kind] === Number(at) || (on === '1' && counts[kind] > Number(at)));
  if (hit) struck += 1;
  return hit;
}

function failure(syscall, what) {
  const reason = code === 'SHORT' ? 'ENOSPC' : code;
  const path = typeof what === 'number' ? '' : ` '${what}'`;
  return Object.assign(new Error(`${reason}: injected, ${syscall}${path}`), {
    code: reason,
    errno: -errno[reason],
    syscall,
  });
}

/** Writes half of the data, as on a disk that gets full in the middle. */
function halfOf(name, [what, data, ...rest]) {
  const bytes = Buffer.from(data);
  if (name.startsWith('writeFile')) writeFileSync(what, bytes.subarray(0, bytes.length >> 1), ...rest);
}

/** The kinds of operations that each call counts as. The first that fails ends the call. */
const kinds = {
  open: ['open'],
  write: ['write'],
  writev: ['write'],
  writeFile: ['open', 'write'],
  readFile: ['open', 'read'],
  read: ['read'],
  copyFile: ['open', 'write'],
  fsync: ['fsync'],
  fdatasync: ['fsync'],
  rename: ['rename'],
  link: ['rename'],
  unlink: ['unlink'],
  rm: ['unlink'],
  rmdir: ['unlink'],
  mkdir: ['mkdir'],
  readdir: ['readdir'],
  opendir: ['readdir'],
  stat: ['stat'],
  lstat: ['stat'],
  fstat: ['stat'],
  statfs: ['stat'],
  access: ['stat'],
  realpath: ['stat'],
  utimes: ['attribute'],
  truncate: ['attribute'],
  ftruncate: ['attribute'],
  close: ['close'],
};

/** Returns the error that a call has to fail with, or undefined. */
function obstacle(name, args) {
  if (within || !isOurs(args[0])) return undefined;
  for (const kind of kinds[name.replace(/Sync$/, '')]) {
    if (!fails(kind)) continue;
    if (code === 'SHORT' && !name.startsWith('writeFile')) return 'short';
    if (code === 'SHORT') halfOf(name, args);
    return failure(name.replace(/Sync$/, ''), args[0]);
  }
  return undefined;
}

function inside(work) {
  const outer = within;
  within = true;
  try {
    return work();
  } finally {
    within = outer;
  }
}

/** Returns the arguments of `write(fd, buffer, offset, length, position)` with half the length. */
function shortened([fd, data, ...rest]) {
  const last = rest.at(-1);
  const callback = typeof last === 'function' ? [last] : [];
  const offset = typeof rest[0] === 'number' ? rest[0] : 0;
  const length = Math.max(1, (data.length - offset) >> 1);
  return [fd, data, offset, length, null, ...callback];
}

function patchSync(object, name) {
  const original = object[name];
  object[name] = function (...args) {
    const error = obstacle(name, args);
    if (error === 'short') return writeSync(...shortened(args));
    if (error !== undefined) throw error;
    const result = inside(() => Reflect.apply(original, this, args));
    if (name === 'openSync' && isOurs(args[0])) opened.add(result);
    if (name === 'closeSync') opened.delete(args[0]);
    return result;
  };
  if (name === 'realpathSync') object[name].native = original.native;
}

function patchCallback(object, name) {
  const original = object[name];
  const patched = function (...args) {
    const callback = args.at(-1);
    const error = obstacle(name, args);
    if (error === 'short') return writeLater(...shortened(args));
    if (error !== undefined) return process.nextTick(callback, error);
    if (name === 'close') opened.delete(args[0]);
    if (name === 'open' && isOurs(args[0])) {
      args[args.length - 1] = (failed, fd) => {
        if (!failed) opened.add(fd);
        callback(failed, fd);
      };
    }
    return inside(() => Reflect.apply(original, this, args));
  };
  // Some functions resolve with more than one value when they are promisified.
  const names = { read: ['bytesRead', 'buffer'], write: ['bytesWritten', 'buffer'] }[name];
  if (names !== undefined) {
    patched[promisify.custom] = (...args) =>
      new Promise((resolve, reject) => {
        patched(...args, (error, bytes, buffer) =>
          error ? reject(error) : resolve({ [names[0]]: bytes, [names[1]]: buffer }),
        );
      });
  }
  object[name] = patched;
}

function patchPromise(object, name) {
  const original = object[name];
  object[name] = async function (...args) {
    const error = obstacle(name, args);
    if (error !== undefined) throw error;
    return Reflect.apply(original, this, args);
  };
}

for (const name of Object.keys(kinds)) {
  if (typeof fs[`${name}Sync`] === 'function') patchSync(fs, `${name}Sync`);
  if (typeof fs[name] === 'function') patchCallback(fs, name);
  if (typeof fs.promises[name] === 'function') patchPromise(fs.promises, name);
}

// Node's own existsSync calls native code, and returns false for every error.
const { existsSync } = fs;
fs.existsSync = (path) => obstacle('stat', [path]) === undefined && inside(() => existsSync(path));

const { readSync } = fs.Dir.prototype;
fs.Dir.prototype.readSync = function () {
  if (isOurs(this.path) && fails('readdir')) throw failure('scandir', this.path);
  return Reflect.apply(readSync, this, []);
};

// The files of the mirror are flushed by a shell, which gets a line for each flush.
const { spawn } = childProcess;
childProcess.spawn = (...args) => {
  const child = spawn(...args);
  if (!args[1]?.some((text) => String(text).includes('sync -f'))) return child;
  const write = child.stdin.write.bind(child.stdin);
  child.stdin.write = (...line) => {
    if (!fails('fsync')) return write(...line);
    setImmediate(() => child.stdout.emit('data', Buffer.from('1\n')));
    return true;
  };
  return child;
};

const databaseErrors = {
  SQLITE_FULL: 'database or disk is full',
  SQLITE_IOERR_WRITE: 'disk I/O error',
  SQLITE_IOERR_FSYNC: 'disk I/O error',
  SQLITE_IOERR_READ: 'disk I/O error',
  SQLITE_READONLY: 'attempt to write a readonly database',
  SQLITE_CANTOPEN: 'unable to open database file',
};

/** Makes statements of the addon fail. A rollback never fails. */
function patchAddon(addon) {
  let SqliteError = Error;
  const { setErrorConstructor } = addon;
  addon.setErrorConstructor = (made) => {
    SqliteError = made;
    setErrorConstructor(made);
  };
  const patch = (prototype, name, kind) => {
    const original = prototype[name];
    prototype[name] = function (...args) {
      const isRollback = /^ROLLBACK/.test(this.source ?? args[0] ?? '');
      if (!isRollback && fails(kind)) throw new SqliteError(databaseErrors[code] ?? 'disk I/O error', code);
      return Reflect.apply(original, this, args);
    };
  };
  patch(addon.Statement.prototype, 'run', 'database write');
  patch(addon.Database.prototype, 'exec', 'database write');
  for (const name of ['get', 'all']) patch(addon.Statement.prototype, name, 'database read');
}

const { dlopen } = process;
process.dlopen = (module, ...rest) => {
  Reflect.apply(dlopen, process, [module, ...rest]);
  if (module.exports.setErrorConstructor) patchAddon(module.exports);
};

if (process.env.FAIL_LOG && isMainThread) {
  process.on('exit', () => writeFileSync(process.env.FAIL_LOG, JSON.stringify({ counts, struck })));
}

/**
 * Runs test files in a few processes that take one file after the other, and prints what failed and what was skipped.
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { root } from './run.mjs';

/** The message of a worker that waits for its first file. */
export const isReady = 'ready';
/** Begins the line that a worker writes after the output of a file: `ok` or `not ok` follows. */
export const endOfFile = '\0end of file: ';

/** It counts only in what is loaded after it has begun. */
const needsOwnProcess = (file) => file?.endsWith('test/fuzz/linear-time.test.ts') === true;
/** Tests wait for programs, files and each other. */
const perCore = 2;
const worker = fileURLToPath(new URL('test-worker.mjs', import.meta.url));
const execArgv = ['--enable-source-maps', '--import=./scripts/developer/typescript.mjs'];

/**
 * Runs the files of `waiting` in this order, and takes each out of it, until it is empty; each for `timeoutSeconds` at
 * most. Prints a line for each, and all of the output of those that fail. Rejects if one does.
 */
export async function runInPool(waiting, timeoutSeconds, processes = perCore * availableParallelism()) {
  const startMs = performance.now();
  const results = [];
  const work = async () => {
    while (waiting.length > 0) await runInOne(waiting, timeoutSeconds, (end) => results.push(told(end)));
  };
  await Promise.all(Array.from({ length: processes }, work));
  const skipped = results.flatMap(({ file, skipped }) => skipped.map((test) => `${file}: ${test}`));
  for (const line of skipped) console.log(`skipped: ${line}`);
  const assertions = results.reduce((sum, result) => sum + result.assertions, 0);
  const counts = `${results.length} files, ${assertions} assertions, ${skipped.length} tests skipped`;
  console.log(`${counts}, ${secondsSince(startMs)} s`);
  const failed = results.filter(({ isOk }) => !isOk).map(({ file }) => file);
  if (failed.length > 0) throw new Error(`Failed: ${failed.join(' ')}`);
}

/**
 * Runs the files of `waiting` in one process until there are no more, or until it dies, which fails the file at work.
 */
function runInOne(waiting, timeoutSeconds, report) {
  const child = fork(worker, [String(timeoutSeconds * 1000)], { cwd: root, execArgv, silent: true });
  let output = '';
  let file;
  let timer;
  let startMs;
  let hasFailed = false;
  let isOwn = false;
  const begin = () => {
    const isOver = isOwn || (startMs !== undefined && needsOwnProcess(waiting[0]));
    file = isOver ? undefined : waiting.shift();
    isOwn = needsOwnProcess(file);
    startMs = performance.now();
    // A file that keeps its process busy does not hear of its own timeout.
    timer = setTimeout(() => child.kill('SIGKILL'), (timeoutSeconds + 60) * 1000);
    child.send(file ?? null);
  };
  const end = (isOk, output) => {
    clearTimeout(timer);
    hasFailed ||= !isOk;
    report({ file, isOk, output, seconds: secondsSince(startMs) });
    file = undefined;
  };
  child.on('message', (message) => message === isReady && begin());
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
      const at = output.indexOf(endOfFile);
      const ended = /^(ok|not ok)\n/.exec(at < 0 ? '' : output.slice(at + endOfFile.length));
      if (ended === null) return;
      const ofFile = output.slice(0, at);
      output = output.slice(at + endOfFile.length + ended[0].length);
      end(ended[1] === 'ok', ofFile);
      begin();
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code, signal) => {
      clearTimeout(timer);
      const last = `${output}\nThe process ended with ${code ?? signal}.\n`;
      if (file !== undefined) end(false, last);
      // An error after the end of a test is nobody's.
      else if (code !== 0 && !hasFailed) reject(new Error(last));
      resolve();
    });
  });
}

/** Prints how a file ended. */
function told({ file, isOk, output, seconds }) {
  const lines = output.split('\n');
  const assertions = lines.filter((line) => /^\s+(?:not )?ok \d+(?!.* # (?:time=|SKIP))/.test(line)).length;
  const skipped = lines.flatMap((line) => /^\s*ok \d+ - (.*) # SKIP(.*)$/.exec(line)?.slice(1).join(':') ?? []);
  console.log(`${isOk ? 'ok' : 'NOT OK'} ${file}: ${assertions} assertions, ${seconds} s`);
  if (!isOk) console.log(output);
  return { file, isOk, assertions, skipped };
}

function secondsSince(ms) {
  return Math.round((performance.now() - ms) / 100) / 10;
}

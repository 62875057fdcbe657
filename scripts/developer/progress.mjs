/**
 * Tells which step of a script is at work. In a pipe each step is a line. On a terminal a line with the elapsed seconds
 * stays below everything else until the step is done.
 */
import { writeSync } from 'node:fs';

/** One line up, to its beginning, and clear to the end of the screen. */
const takeAway = '\x1b[1A\r\x1b[J';
const intervalMs = 1000;

/** True if steps have a line that changes. Scripts that do several things at a time have none. */
let isLive = false;
/** The step at work, if it has a line that changes. */
let current;

/** Lets steps have a line that changes, if the output is a terminal. */
export function showSeconds() {
  isLive = process.stdout.isTTY === true;
}

/** Returns true while there is a line that the output of programs must not tear apart. */
export function isShown() {
  return current !== undefined;
}

/** Does `work`, which is told as `what`, a sentence. Resolves and rejects as `work` does. */
export async function step(what, work) {
  if (!isLive) {
    console.log(what);
    return work();
  }
  const begun = performance.now();
  current = { what, seconds: () => ` ${Math.floor((performance.now() - begun) / 1000)} s` };
  print(line());
  const timer = setInterval(() => print(takeAway + line()), intervalMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    print(`${takeAway}${what}${current.seconds()}\n`);
    current = undefined;
  }
}

/** Prints a sentence about the current step. */
export function tell(sentence) {
  if (isShown()) printAbove(`${sentence}\n`);
  else console.log(sentence);
}

/** Prints whole lines above the line of the current step. */
export function printAbove(text) {
  print(takeAway + text + line());
}

/** Returns the line, which must not be broken. */
function line() {
  const { what, seconds } = current;
  const end = seconds();
  const room = (process.stdout.columns || 80) - 1 - end.length;
  return `${what.length > room ? `${what.slice(0, room - 1)}…` : what}${end}\n`;
}

/** A terminal that went away is no reason to fail: the signal that says so ends the script. */
function print(text) {
  try {
    writeSync(1, text);
  } catch {}
}

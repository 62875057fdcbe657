/** Limits the number of requests that wait for the rest of their body: each is a process of some forty megabytes. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createMark, removeMark } from './exclusive-mark.ts';

const maxWaiting = 4;

/**
 * Lets this process wait in the folder. Returns a function that ends the wait, or undefined if too many others wait.
 */
export type Enter = (folder: string) => (() => void) | undefined;

/**
 * Lets the process `pid` wait in `folder`. Returns a function that ends the wait, or undefined if too many others wait.
 * `isAlive` returns true for the id of a running process.
 */
export function enterWaiting(folder: string, pid: number, isAlive: (pid: number) => boolean): (() => void) | undefined {
  const leave = (): void => removeMark(folder, String(pid));
  createMark(folder, String(pid));
  const names = readdirSync(folder).sort((a, b) => since(folder, a) - since(folder, b) || Number(a) - Number(b));
  const waiting = names.filter((name) => {
    if (isAlive(Number(name))) return true;
    removeMark(folder, name);
    return false;
  });
  if (waiting.indexOf(String(pid)) < maxWaiting) return leave;
  leave();
  return undefined;
}

function since(folder: string, name: string): number {
  return statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

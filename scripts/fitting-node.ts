/**
 * Ends a program that this Node.js cannot run, with one line that says which can. Each program loads this before
 * anything else; the build translates all that is in the same file for Node.js 12.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { exitCodes } from '../src/cli/program/exit-codes.ts';
import { nodeFolder } from '../src/cli/program/node-folder.ts';
import { isOldNode, oldestNode } from './oldest-node.ts';

/** What `--help` and `--version` print, filled in by the build. */
declare const texts: { readonly help: string; readonly version: string };

const { argv, arch, execPath, platform, versions } = process;
if (isOldNode || !existsSync(join(__dirname, nodeFolder))) end();

/** Ends this process with the text that was asked for, or with an error. */
function end(): void {
  const isAsked = (...options: readonly string[]): boolean => argv.slice(2).some((arg) => options.includes(arg));
  const text = isAsked('-h', '--help') ? texts.help : isAsked('--version') ? texts.version : undefined;
  if (text !== undefined) process.stdout.write(text);
  else process.stderr.write(`${basename(argv[1] ?? '')}: error: ${problem()}\n`);
  process.exit(text === undefined ? exitCodes.usage : exitCodes.ok);
}

function problem(): string {
  const folders = readdirSync(__dirname).flatMap((name) => {
    const [, major = '', machine = ''] = /^node(\d+)-abi\d+-(.+)$/.exec(name) ?? [];
    return major === '' ? [] : [{ major, machine }];
  });
  if (folders.length === 0) return `${join(__dirname, nodeFolder)} is missing: copy the whole folder of the programs`;
  const list = (names: readonly string[]): string => Array.from(new Set(names)).sort().join(', ');
  const made = `Node.js ${list(folders.map(({ major }) => major))} (${oldestNode} or later) on ${list(folders.map(({ machine }) => machine))}`;
  const orBuild = isOldNode ? '' : ', or build pep381client with this one (npm run build)';
  return `needs ${made}; this is ${versions.node} on ${platform}-${arch}, ${execPath}: put one of those in its place${orBuild}`;
}

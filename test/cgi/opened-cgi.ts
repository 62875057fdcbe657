/** The built pep381sync.cgi beside a pep381run that only takes notes, run as a web server runs it. */
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import { readCgiRequest } from '../../src/cgi/cgi-request.ts';
import { answerSync } from '../../src/cgi/respond-sync.ts';
import { renderResponse } from '../../src/cgi/response.ts';
import { runCommand, startLogged } from '../../src/cgi/start-run.ts';
import { enterWaiting } from '../../src/cgi/waiting-limit.ts';
import { openBundle } from '../e2e/bundle.ts';
import { until } from '../e2e/program.ts';
import { killProcessesOf } from '../fixtures/processes-of.ts';

const built = join(await openBundle(), 'pep381sync.cgi');

/** Notes its arguments, its environment and what its streams are, and leaves the flag where it is. */
const noteTaker = `#!/bin/sh
cd "$(dirname "$0")"
note=$(
  echo "args $*"
  env | sed 's/^/env /'
  for fd in 0 1 2; do echo "fd $(readlink /proc/$$/fd/$fd)"; done
  echo "pids $(cut -d' ' -f 1,5,6 /proc/$$/stat)"
)
printf '%s\\nend\\n' "$note" >>notes
`;

/** How the program ended. */
export interface CgiReply {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the web server tells the program besides the target. */
export interface CgiQuestion {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly body?: string | Buffer;
  /** So many bytes are announced, and do not come. */
  readonly missing?: number;
  /** The program by another name. */
  readonly program?: string;
}

export interface OpenedCgi {
  readonly programs: string;
  readonly target: string;
  readonly flag: string;
  ask(question?: CgiQuestion): Promise<CgiReply>;
  /** Asks what answers in the program, in this process: for one more question of a kind that the program was asked. */
  answer(question?: CgiQuestion): Promise<CgiReply>;
  /** The notes of `count` runs, once there are so many: `args`, `env`, `fd` and `pids` lines. */
  runs(count: number): Promise<string[][]>;
}

/** Opens a folder of programs and an empty target for `t`. */
export function openCgi(t: Test): OpenedCgi {
  // Before `testdir`, whose folder is removed before what is to be done at the end is done that comes after it.
  t.teardown(() => killProcessesOf(folder));
  // The programs that are started name the folder without links.
  const folder = realpathSync(t.testdir({ programs: { pep381run: noteTaker, 'package.json': '{}' }, target: {} }));
  const [programs, target] = [join(folder, 'programs'), join(folder, 'target')];
  copyFileSync(built, join(programs, 'pep381sync.cgi'));
  chmodSync(join(programs, 'pep381run'), 0o755);
  const notes = (): string[][] => notesOf(join(programs, 'notes'));
  return {
    programs,
    target,
    flag: join(target, 'run/sync-requested'),
    ask: (question = {}) => runCgi(join(programs, 'pep381sync.cgi'), target, question),
    answer: (question = {}) => answerHere(programs, target, question),
    runs: async (count) => {
      await until(`${count} runs`, () => notes().length >= count);
      return notes();
    },
  };
}

/** Puts a file into the folder `run` of the target. */
export function leave({ target }: OpenedCgi, name: string, content = ''): string {
  mkdirSync(join(target, 'run'), { recursive: true });
  const path = join(target, 'run', name);
  writeFileSync(path, content);
  return path;
}

/** The variables that the web server sets. */
function variablesOf(target: string, { body = '', missing = 0, env = {} }: CgiQuestion): Record<string, string> {
  const length = body.length + missing;
  const method = length === 0 ? {} : { REQUEST_METHOD: 'POST', CONTENT_LENGTH: String(length) };
  return {
    PATH: process.env.PATH ?? '',
    GATEWAY_INTERFACE: 'CGI/1.1',
    REQUEST_METHOD: 'GET',
    PYPITARGET: target,
    ...method,
    ...env,
  };
}

async function answerHere(programs: string, target: string, question: CgiQuestion): Promise<CgiReply> {
  const env = variablesOf(target, question);
  const wait = (ms: number): Promise<void> => delay(ms, undefined, { ref: false });
  const request = await readCgiRequest(env, piecesOf(Buffer.from(question.body ?? '')), wait);
  let stderr = '';
  const answer = await answerSync(request, {
    env,
    now: Date.now,
    log: (line) => {
      stderr += `${line}\n`;
    },
    enter: (folder) => enterWaiting(folder, process.pid, () => true),
    start: (settings) =>
      startLogged(runCommand(settings, programs, env, process.execPath), join(settings.run, 'sync.log')),
  });
  return { code: 0, stdout: renderResponse(answer, request.method), stderr };
}

async function* piecesOf(body: Buffer): AsyncIterable<Buffer> {
  for (let at = 0; at < body.length; at += 1 << 16) yield body.subarray(at, at + (1 << 16));
}

async function runCgi(program: string, target: string, question: CgiQuestion): Promise<CgiReply> {
  const { body = '', missing = 0, args = [] } = question;
  // The test runner adds its own to the environment of every program, which `env -i` takes away.
  const variables = Object.entries(variablesOf(target, question)).map(([name, value]) => `${name}=${value}`);
  const child = spawn('env', ['-i', ...variables, question.program ?? program, ...args], { stdio: 'pipe' });
  // A program that answers without reading all is not at fault.
  child.stdin.on('error', () => {});
  if (missing > 0) child.stdin.write(body);
  else child.stdin.end(body);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}

function notesOf(path: string): string[][] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('end\n')
    .slice(0, -1)
    .map((note) => note.trimEnd().split('\n'));
}

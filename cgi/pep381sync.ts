/** pep381sync.cgi: a request to this address starts a run of the mirror in PYPITARGET. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readCgiRequest } from '../src/cgi/cgi-request.ts';
import { answerSync } from '../src/cgi/respond-sync.ts';
import { renderResponse } from '../src/cgi/response.ts';
import type { CgiSettings } from '../src/cgi/sync-settings.ts';
import { type Enter, enterWaiting } from '../src/cgi/waiting-limit.ts';

const { env, stdin, stdout, stderr, execPath } = process;

async function start(settings: CgiSettings): Promise<void> {
  const { runCommand, startLogged } = await import('../src/cgi/start-run.ts');
  await startLogged(runCommand(settings, programsFolder(), env, execPath), join(settings.run, 'sync.log'));
}

/**
 * Returns the folder with pep381run: where this program was called, which stays the same when another version is
 * installed, or where a link to this program alone leads.
 */
function programsFolder(): string {
  const called = process.argv[1] ?? '';
  return existsSync(join(dirname(called), 'pep381run')) ? dirname(called) : dirname(realpathSync(called));
}

async function answer(): Promise<void> {
  // A client that does not wait for the answer has made its request all the same.
  stdout.on('error', () => {});
  const request = await readCgiRequest(env, stdin, wait);
  const log = (line: string): boolean => stderr.write(`${line}\n`);
  const answer = await answerSync(request, { env, now: Date.now, log, start, enter });
  stdout.write(renderResponse(answer, request.method));
  // Does not wait for a client that goes on sending.
  stdin.destroy();
}

/** Resolves after `ms` milliseconds, without keeping the process alive. */
function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

const enter: Enter = (folder) => enterWaiting(folder, process.pid, isAlive);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

void answer();

/** pep381sync.cgi: whoever asks for this address starts a run of the mirror in PYPITARGET. */
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { renderAnswer } from '../src/cgi/answer.ts';
import { answerSync } from '../src/cgi/answer-sync.ts';
import { readCgiRequest } from '../src/cgi/cgi-request.ts';
import type { SyncSettings } from '../src/cgi/sync-settings.ts';

const { env, stdin, stdout, stderr, execPath } = process;

async function start(settings: SyncSettings): Promise<void> {
  const { runCommand, startDetached } = await import('../src/cgi/start-run.ts');
  const folder = dirname(realpathSync(process.argv[1] ?? ''));
  await startDetached(runCommand(settings, folder, env, execPath));
}

async function answer(): Promise<void> {
  // Who does not wait for the answer has asked all the same.
  stdout.on('error', () => {});
  const request = await readCgiRequest(env, stdin);
  const log = (line: string): boolean => stderr.write(`${line}\n`);
  stdout.write(renderAnswer(await answerSync(request, { env, now: Date.now, log, start }), request.method));
}

void answer();

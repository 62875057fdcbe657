/** Serves a mirror for a look: with Apache if possible, otherwise with the preview server. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Apache, apacheProblem, openApache } from '../../test/fixtures/apache.ts';
import { closedFolder } from '../../test/fixtures/open-to-all.ts';
import { openPreviewServer } from './preview-server.ts';

export interface MirrorServer {
  readonly url: string;
  /** The name of the server, with the reason if it is not Apache. */
  readonly name: string;
  close(): Promise<void>;
}

const json = 'application/vnd.pypi.simple.v1+json';
const longestAnswerMs = 10_000;

/** Serves the mirror at `target`, after a test request for `page`, an address of it such as `/simple/`. */
export async function serveMirror(target: string, page: string): Promise<MirrorServer> {
  const found = apacheProblem() ?? (await openTriedApache(target, page));
  if (typeof found !== 'string') return { url: found.url, name: 'Apache', close: () => found.close() };
  const preview = await openPreviewServer(join(target, 'web'));
  return { ...preview, name: `the preview server, as ${found}` };
}

/** Returns an Apache that answers with the page, or the reason why there is none. */
async function openTriedApache(target: string, page: string): Promise<Apache | string> {
  let apache: Apache;
  try {
    apache = await openApache({ target });
  } catch (error) {
    return oneLine(error);
  }
  const problem = await problemWith(`${apache.url}${page}`);
  if (problem === undefined) return apache;
  await apache.close();
  return `Apache answers ${page} with ${problem}${advice(join(target, 'web'))}`;
}

async function problemWith(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { headers: { accept: json }, signal: AbortSignal.timeout(longestAnswerMs) });
    await response.arrayBuffer();
    return response.status === 200 ? undefined : String(response.status);
  } catch (error) {
    return oneLine(error);
  }
}

/** Returns advice if root starts Apache: it then reads the files as another user. */
function advice(web: string): string {
  const closed = closedFolder(web);
  if (process.getuid?.() !== 0 || closed === undefined) return '';
  return `: its user www-data may not enter ${closed} (mode ${(statSync(closed).mode & 0o777).toString(8)}); npm start -- --in FOLDER uses another one`;
}

function oneLine(error: unknown): string {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  return [message, ...(cause instanceof Error ? [cause.message] : [])].join(': ').trim().replaceAll(/\s+/g, ' ');
}

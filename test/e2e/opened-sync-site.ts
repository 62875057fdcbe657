/**
 * Opens a sample upstream, a mirror of it, and a real Apache that serves the mirror and runs the built pep381sync.cgi.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import { ask } from '../apache/ask.ts';
import { type Apache, openApache } from '../fixtures/apache.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { killProcessesOf, processesOf } from '../fixtures/processes-of.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeWheel } from '../sample/distributions.ts';
import { openSampleServer, type SampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { openCopies } from './opened-sample.ts';
import { type Ended, run, until } from './program.ts';

const built = await openBundle();

export interface SyncSiteOptions {
  readonly module?: 'event' | 'prefork';
  /** False for an Apache without a CGI module. */
  readonly cgi?: boolean;
  /** True to keep the mode as it is shipped, in which `/sync` starts nothing. */
  readonly flag?: boolean;
  /** The secret that signs requests; empty if requests need no signature. */
  readonly secret?: string;
}

export class SyncSite {
  readonly apache: Apache;
  readonly target: string;
  readonly key: string;
  server: SampleServer;
  readonly #starts: string;

  constructor(apache: Apache, target: string, server: SampleServer, folder: string) {
    this.apache = apache;
    this.target = target;
    this.server = server;
    this.key = join(folder, 'sync.key');
    this.#starts = join(folder, 'starts');
  }

  get flag(): string {
    return join(this.target, 'run/sync-requested');
  }

  /** Returns how many processes the CGI has started so far. */
  starts(): number {
    return readFileSync(this.#starts, 'utf8').length;
  }

  /**
   * Runs pep381run by hand, as the owner of the target, which is the last of `args`. {@link starts} does not count it.
   */
  run(...args: string[]): Promise<Ended> {
    const program = join(this.target, '../programs/pep381run-itself');
    if (process.getuid?.() !== 0) return run(program, args);
    const { uid, gid } = statSync(args.at(-1) ?? this.target);
    const asOwner = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', process.execPath, program];
    return run(asOwner[0] ?? '', [...asOwner.slice(1), ...args], { command: 'setpriv' });
  }

  /** Resolves when all runs that were started have ended. */
  async ended(): Promise<void> {
    await until('the runs to end', async () => {
      await delay(50);
      return processesOf(join(this.target, '../programs')).length === 0;
    });
  }

  /** Publishes this version of `alpha` upstream. */
  publish(version: string): void {
    this.server.index.publish(makeWheel({ name: 'alpha', version }));
  }

  /** Resolves when the mirror offers this version of `alpha`. */
  async offers(version: string): Promise<void> {
    await until(`alpha ${version}`, async () => {
      const { body } = await ask(this.apache.url, '/simple/alpha/');
      return body.includes(`alpha-${version}-py3-none-any.whl`);
    });
  }

  /** Stops upstream, with all its connections, and starts it again. */
  async restartUpstream(): Promise<void> {
    const { index, url } = this.server;
    await this.server.close();
    this.server = await openSampleServer({ index, port: Number(new URL(url).port) });
  }
}

/** Opens everything for `t`. The mirror holds what upstream has. */
export async function openSyncSite(t: Test, options: SyncSiteOptions = {}): Promise<SyncSite> {
  const { module = 'event', cgi = true, flag = false, secret = '' } = options;
  const folder = openToAll(t).testdir({ target: {}, starts: '', 'sync.key': `${secret}\n` });
  const [target, programs] = [join(folder, 'target'), join(folder, 'programs')];
  const { server, copyTo } = await openCopies(join(built, 'pep381run'), smallIndex);
  copyTo(target);
  cpSync(built, programs, { recursive: true });
  countStarts(programs, join(folder, 'starts'));
  writeFileSync(join(target, 'mirror.toml'), `upstream = "${server.url}"\n`);
  mkdirSync(join(target, 'run'), { recursive: true });
  giveToApache(t, folder);
  const edit = (shipped: string): string => edited(shipped, { flag, signed: secret !== '' }, folder);
  const apache = await openApache({ target, programs, module, cgi, edit });
  const site = new SyncSite(apache, target, server, folder);
  t.teardown(async () => {
    await apache.close();
    await site.server.close();
    await killProcessesOf(folder);
  });
  return site;
}

/** Uncomments the lines that signed requests need, and comments out those that only the shipped mode needs. */
function edited(virtualHost: string, mode: { flag: boolean; signed: boolean }, folder: string): string {
  const ofFlag = ['SetEnv PEP381_SYNC_MODE', 'run/sync-requested', '^/sync$'];
  const lines = virtualHost.split('\n').map((line) => {
    if (mode.signed && line.includes('PEP381_SYNC_SECRET_FILE')) return line.replace('# ', '');
    return !mode.flag && ofFlag.some((text) => line.includes(text)) ? `# ${line}` : line;
  });
  return lines.join('\n').replace('/etc/pypi/sync.key', join(folder, 'sync.key'));
}

/** Replaces pep381run by a script that adds a byte to the file `starts` before it runs the original. */
function countStarts(programs: string, starts: string): void {
  const program = join(programs, 'pep381run');
  renameSync(program, `${program}-itself`);
  writeFileSync(program, `#!/bin/sh\nprintf x >>'${starts}'\nexec '${program}-itself' "$@"\n`);
  chmodSync(program, 0o755);
}

/** Gives the mirror to www-data if this is root: Apache then runs as www-data, which owned the mirror with 1.5, too. */
function giveToApache(t: Test, folder: string): void {
  if (process.getuid?.() !== 0) return;
  const { status, stderr } = spawnSync('chown', ['-R', 'www-data:www-data', folder], { encoding: 'utf8' });
  t.equal(status, 0, stderr);
}

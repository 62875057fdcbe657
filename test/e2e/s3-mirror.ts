/** A mirror in a bucket of a real store, made by the built program from a sample upstream. */
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Test } from 'tap';
import { pep381run } from '../../src/cli/run/pep381run.ts';
import { pageLifetimeMs } from '../../src/files/s3/s3-file-store.ts';
import { type Apache, type ApacheOptions, openApache } from '../fixtures/apache.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { openPublicBucket, type PublicBucket } from '../fixtures/public-bucket.ts';
import { readerProblems } from '../fixtures/reader-check.ts';
import type { SampleIndex } from '../sample/sample-index.ts';
import { openSampleServer, type SampleServer } from '../sample/sample-server.ts';
import { damage } from './damage.ts';
import { type Ended, run, type StartOptions } from './program.ts';
import { mirrorInto, programHere } from './run-here.ts';
import { publishedTree, stateOf } from './tree.ts';

export interface MirrorInBucket {
  readonly server: SampleServer;
  readonly public: PublicBucket;
  readonly target: string;
  readonly hold: 'files' | 'everything';
  /** Starts pep381run with these options, and waits for its end. */
  mirror(args?: readonly string[], options?: StartOptions): Promise<Ended>;
  /** Does the same in this process, for a fifth of the time. */
  call(args?: readonly string[]): Promise<Ended>;
  /** Returns the requests of the run that ended last, by kind. */
  requests(): Promise<Record<string, number>>;
  /** Writes the address of another endpoint into `mirror.toml`: that of a proxy before the store. */
  use(endpoint: string): void;
  /** Opens an Apache with the shipped virtual host that fits. */
  serve(options?: Partial<ApacheOptions>): Promise<Apache>;
  /** Copies what is served, from wherever it lies, and returns a folder that has it in `web`. */
  served(): Promise<string>;
  /** Returns what a mirror of the same upstream on a disk publishes. Its pages have other twins, which are left out. */
  onDisk(): Promise<{ readonly published: Record<string, string>; readonly state: ReturnType<typeof stateOf> }>;
  /** Returns what this mirror publishes, without twins. */
  published(): Promise<Record<string, string>>;
  /** Lets the time pass that removed files stay for the pages in caches. */
  letCachesExpire(): void;
  /** Returns the problems that a reader has, as {@link damage} does. */
  damage(): Promise<string[]>;
  /** Returns all that is not right in a mirror at rest. */
  problems(): Promise<string[]>;
  /** Returns both, and reads the bucket once for it. */
  content(): Promise<{ readonly problems: string[]; readonly published: Record<string, string> }>;
}

/** Opens an upstream with `index`, if there is none yet, a bucket, and a target with the settings for it. */
export async function openMirrorInBucket(
  t: Test,
  program: string,
  {
    hold,
    index,
    upstream,
  }: { readonly hold: MirrorInBucket['hold']; readonly index: SampleIndex; readonly upstream?: SampleServer },
): Promise<MirrorInBucket> {
  const server = upstream ?? (await openSampleServer({ index }));
  if (upstream === undefined) t.teardown(() => server.close());
  const bucket = await openPublicBucket(t);
  const folder = openToAll(t).testdir();
  const [target, copy] = [join(folder, 'target'), join(folder, 'served')];
  const web = join(copy, 'web');
  mkdirSync(target);
  const use = (endpoint: string): void =>
    writeFileSync(
      join(target, 'mirror.toml'),
      `upstream = "${server.url}"\n${bucket.config(endpoint, `hold = "${hold}"`)}`,
    );
  use(bucket.store.endpoint);
  const served = async (): Promise<string> => {
    await bucket.download(web);
    if (hold === 'everything') return copy;
    for (const name of readdirSync(web)) if (name !== 'packages') throw new Error(`${name} is in the bucket`);
    if (existsSync(join(target, 'web'))) cpSync(join(target, 'web'), web, { recursive: true });
    return copy;
  };
  return {
    ...{ server, target, hold, use, served, public: bucket },
    mirror: (args = ['-q', '--all'], options = {}) =>
      run(program, [...args, target], { ...options, env: { ...bucket.env, ...options.env } }),
    requests: async () => {
      const { stdout } = await programHere(pep381run, ['--status', '--log-format', 'json', target], bucket.env);
      return (JSON.parse(stdout) as StatusOfRun).store?.lastRun?.requests ?? {};
    },
    call: (args = ['-q', '--all']) => programHere(pep381run, [...args, target], bucket.env),
    serve: async (options = {}) => {
      const where =
        hold === 'everything'
          ? { target: bucket.url }
          : { target, packages: { url: `${bucket.url}/web`, redirect: false } };
      const apache = await openApache({ ...where, ...options });
      t.teardown(() => apache.close());
      return apache;
    },
    onDisk: async () => {
      const other = join(folder, 'on-disk');
      await mirrorInto(other, server.url);
      const content = { published: withoutTwins(publishedTree(other)), state: stateOf(other) };
      rmSync(other, { recursive: true });
      return content;
    },
    published: async () => withoutTwins(publishedTree(await served())),
    letCachesExpire: () => {
      const db = new Database(join(target, 'state.db'));
      db.exec(`UPDATE object_deletions SET due = due - ${pageLifetimeMs}`);
      db.close();
    },
    damage: async () => damage(join(await served(), 'web'), index),
    problems: async () => readerProblems(join(await served(), 'web')),
    content: async () => {
      const copy = await served();
      return { problems: readerProblems(join(copy, 'web')), published: withoutTwins(publishedTree(copy)) };
    },
  };
}

interface StatusOfRun {
  readonly store?: { readonly lastRun?: { readonly requests: Record<string, number> } };
}

function withoutTwins(tree: Record<string, string>): Record<string, string> {
  const isKept = ([path, content]: readonly [string, string]) => content !== 'folder' && !path.endsWith('.gz');
  return Object.fromEntries(Object.entries(tree).filter(isKept));
}

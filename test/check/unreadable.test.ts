/** What the disk refuses to show: told, and never a reason to fetch, move or delete anything. */
import { renameSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { StorageError } from '../../src/core/errors.ts';
import type { FileStore } from '../../src/files/file-store.ts';
import { treeOf } from '../e2e/tree.ts';
import { openSyncedMirror, queuedIn, runCheck } from './checked-mirror.ts';

const wheel = 'many-2.0-py3-none-any.whl';
const everything = { repair: true, deleteUnreferenced: true };

/** The store, on a disk that cannot read what lies at `path`. */
function withBadSector(path: string): (store: FileStore) => FileStore {
  const refuse = (): never => {
    throw new StorageError(`/srv/pypi/web/${path}: EIO (i/o error, read)`);
  };
  return (store) =>
    new Proxy(store, {
      get: (target, method: keyof FileStore) => {
        const real = target[method].bind(target) as (...args: unknown[]) => unknown;
        const reads = method === 'read' || method === 'digest' || method === 'entries';
        return (...args: unknown[]) => (reads && args[0] === path ? refuse() : real(...args));
      },
    });
}

for (const [what, pathOf] of [
  ['a file', (path: string) => path],
  ['metadata', (path: string) => `${path}.metadata`],
  ['a provenance object', (path: string) => `${path}.provenance`],
  ['an HTML page', () => 'simple/many/index.html'],
  ['a JSON page', () => 'simple/many/index.v1_json'],
  ['a twin', () => 'simple/many/index.v1_json.gz'],
  ['the list of projects', () => 'simple/index.html'],
  ['a folder', (path: string) => dirname(path)],
  ['the folder of the files', () => 'packages'],
] as const) {
  t.test(`${what} that cannot be read stays, and is not queued`, async (t) => {
    const mirror = await openSyncedMirror(t);
    const path = pathOf(mirror.pathOf('many', wheel));
    const before = treeOf(mirror.web);
    const { lines, exitCode, tally } = await runCheck(mirror, { ...everything, files: withBadSector(path) });
    t.match(lines[0], `Unreadable ${path}: `);
    t.match(lines[0], /EIO \(i\/o error, read\)$/);
    t.match(tally, { findings: 1, queued: 0, discarded: 0 });
    t.equal(exitCode, 1);
    t.same(queuedIn(mirror), []);
    t.same(treeOf(mirror.web), before);
  });
}

t.test('a folder that leads to itself is told by the real file system', async (t) => {
  const mirror = await openSyncedMirror(t);
  const path = mirror.pathOf('many', wheel);
  const folder = join(mirror.web, dirname(path));
  renameSync(folder, join(mirror.target, 'aside'));
  symlinkSync(folder, folder);
  const { lines, tally } = await runCheck(mirror, everything);
  t.match(lines, [
    new RegExp(`^Unreadable ${path}: ELOOP \\(`),
    new RegExp(`^Unreadable ${path}.metadata: ELOOP \\(`),
    new RegExp(`^Unreadable ${path}.provenance: ELOOP \\(`),
    `Not a regular file ${dirname(path)}: expected a file, found a link or a device`,
  ]);
  t.match(tally, { findings: 4, queued: 0, discarded: 0 });
  t.same(queuedIn(mirror), []);
});

t.test('one file that cannot be read does not keep another from being healed', async (t) => {
  const mirror = await openSyncedMirror(t);
  const bad = mirror.pathOf('many', wheel);
  const gone = mirror.pathOf('many', 'many-1.0.tar.gz');
  renameSync(join(mirror.web, gone), join(mirror.target, 'aside'));
  const { tally } = await runCheck(mirror, { files: withBadSector(bad), repair: true });
  t.match(tally, { findings: 2, queued: 1, discarded: 0 });
  t.notOk(mirror.filenames('many').includes('many-1.0.tar.gz'));
  t.ok(mirror.filenames('many').includes(wheel), 'what may be right stays on the page');
});

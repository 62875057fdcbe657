/** The list of all projects is right after every change, however little of it is written anew. */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { FilesystemFileStore } from '../../../src/files/filesystem/filesystem-file-store.ts';
import { rootIndexHtml, rootIndexJson } from '../../../src/formats/simple/root-index.ts';
import { indexState, rootIndexIsDamaged, rootPiecesState, serialState } from '../../../src/state/mirror-state.ts';
import { SqliteStateStore } from '../../../src/state/sqlite/sqlite-state-store.ts';
import { change, join as joined } from '../../../src/state/state-section.ts';
import { publishRootIndex } from '../../../src/sync/index/root-index.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { named } from '../../fixtures/test-mirror.ts';

const forms = ['index.html', 'index.v1_json'] as const;

/** A mirror of which only the list matters. */
class ListMirror {
  readonly state: SqliteStateStore;
  readonly files: FilesystemFileStore;
  readonly simple: string;
  readonly #clock = new FakeClock();
  #serial = 100;

  constructor(t: Test) {
    const target = t.testdir();
    this.state = new SqliteStateStore(join(target, 'state.db'), this.#clock);
    t.teardown(() => this.state.close());
    this.files = new FilesystemFileStore(target, this.#clock);
    this.files.create();
    this.simple = join(target, 'web/simple');
  }

  /** Publishes projects, or publishes them again with a newer serial. */
  publish(names: readonly string[], displayName = (name: string): string => name.toUpperCase()): void {
    this.#serial += 1;
    const serial = this.#serial;
    this.state.queue.enqueue(
      named(...names).map((name) => ({ name, displayName: displayName(name), serial, isRemovedUpstream: false })),
    );
    this.state.finish(
      this.#due().map((due) => ({ kind: 'published', due, serial, etag: undefined, status: 'active', drop: [] })),
    );
    this.state.set(change(serialState, { serial }));
  }

  remove(names: readonly string[]): void {
    this.state.queue.enqueue(
      named(...names).map((name) => ({ name, displayName: name, serial: 0, isRemovedUpstream: true })),
    );
    this.state.finish(this.#due().map((due) => ({ kind: 'removed', due })));
  }

  #due() {
    const now = this.#clock.now();
    return [false, true].flatMap((removed) => this.state.queue.due(now, removed, undefined, 100_000));
  }

  list(): Promise<void> {
    return publishRootIndex({ state: this.state, files: this.files, report: () => {} });
  }

  /** Fails unless both forms and their twins show what the state holds. */
  expectRight(t: Test, what: string): void {
    const entries = this.state.held.published(undefined, 1_000_000);
    const { serial } = this.state.get(serialState);
    for (const [page, form] of [
      ['index.html', rootIndexHtml],
      ['index.v1_json', rootIndexJson(serial)],
    ] as const) {
      const right = form.head + entries.map((entry) => form.entry(entry)).join(form.separator) + form.tail;
      t.ok(readFileSync(join(this.simple, page)).equals(Buffer.from(right)), `${what}: ${page}`);
      t.ok(gunzipSync(readFileSync(join(this.simple, `${page}.gz`))).equals(Buffer.from(right)), `${what}: ${page}.gz`);
    }
    t.equal(this.state.indexEntries.changed(10).length, 0, `${what}: nothing is left to be listed`);
  }

  /** The inodes of the four files, which change when they are written. */
  inodes(): number[] {
    return forms.flatMap((page) => [page, `${page}.gz`]).map((name) => statSync(join(this.simple, name)).ino);
  }
}

const many = Array.from({ length: 4600 }, (_, at) => `project-${String(at).padStart(5, '0')}`);
/** More than fit into one piece of the list. */
const some = many.slice(0, 2100);

t.test('after each kind of change both forms and their twins are right', async (t) => {
  const mirror = new ListMirror(t);
  await mirror.list();
  mirror.expectRight(t, 'no project');
  mirror.publish(['alone']);
  await mirror.list();
  mirror.expectRight(t, 'one project');
  mirror.publish(many);
  await mirror.list();
  mirror.expectRight(t, 'many projects');
  const changes: Record<string, () => void> = {
    'a newer serial': () => mirror.publish(['project-04171']),
    'another spelling': () => mirror.publish(['project-00003'], () => 'Project_00003'),
    'the first project': () => mirror.publish(['a']),
    'the last project': () => mirror.publish(['zzz']),
    'one less': () => mirror.remove(['project-04550']),
    'the first project goes': () => mirror.remove(['a', 'alone']),
    'the last project goes': () => mirror.remove(['zzz']),
    'a project that was first in its piece goes': () => mirror.remove(['project-02047', 'project-02048']),
    'a whole piece goes': () => mirror.remove(many.slice(2000, 4500)),
    'some hundred': () => mirror.publish(many.slice(1000, 1300)),
    'more than fit into a piece': () => mirror.publish(many.slice(0, 2100).map((name) => `project-00000-${name}`)),
    'everything goes': () => mirror.remove(mirror.state.held.published(undefined, 100_000).map(({ name }) => name)),
    'and comes back': () => mirror.publish(many),
  };
  for (const [what, make] of Object.entries(changes)) {
    make();
    await mirror.list();
    mirror.expectRight(t, what);
  }
});

t.test('a change of serials leaves the HTML form as it is', async (t) => {
  const mirror = new ListMirror(t);
  mirror.publish(some);
  await mirror.list();
  const before = mirror.inodes();
  mirror.publish(['project-00500']);
  await mirror.list();
  mirror.expectRight(t, 'a newer serial');
  const after = mirror.inodes();
  t.same([after[0], after[1]], [before[0], before[1]], 'HTML');
  t.not(after[2], before[2], 'JSON');
  t.not(after[3], before[3], 'its twin');
});

t.test('nothing is written where nothing has changed', async (t) => {
  const mirror = new ListMirror(t);
  mirror.publish(some);
  await mirror.list();
  const before = mirror.inodes();
  await mirror.list();
  t.same(mirror.inodes(), before);
  // The list is due whenever a project was looked at. Nothing of it is read or rendered then.
  const { within } = mirror.state.indexEntries;
  mirror.state.indexEntries.within = () => t.fail('entries were read') as never;
  mirror.state.held.published = () => t.fail('entries were read') as never;
  await mirror.list();
  mirror.state.indexEntries.within = within;
  t.same(mirror.inodes(), before);
});

t.test(
  'published files that are not as the state knows them are written anew, and nothing is taken from them',
  async (t) => {
    const mirror = new ListMirror(t);
    mirror.publish(some);
    await mirror.list();
    let at = 0;
    for (const name of forms.flatMap((page) => [page, `${page}.gz`])) {
      const path = join(mirror.simple, name);
      const damages: Record<string, () => void> = {
        'a bit': () => {
          const bytes = readFileSync(path);
          bytes.writeUInt8(bytes.readUInt8(bytes.length - 3000) ^ 1, bytes.length - 3000);
          writeFileSync(path, bytes);
        },
        'cut off': () => writeFileSync(path, readFileSync(path).subarray(0, 5000)),
        'a byte more': () => writeFileSync(path, Buffer.concat([Buffer.from('x'), readFileSync(path)])),
        gone: () => rmSync(path),
      };
      for (const [what, damage] of Object.entries(damages)) {
        damage();
        at += 1;
        // The spelling changes both forms.
        mirror.publish(['project-00001'], () => `Project.00001.${at}`);
        await mirror.list();
        mirror.expectRight(t, `${name}: ${what}`);
      }
      damages['a bit']?.();
      mirror.state.set(rootIndexIsDamaged);
      await mirror.list();
      mirror.expectRight(t, `${name}: found by a check`);
    }
  },
);

t.test('a run that ends between the publication and the state costs nothing', async (t) => {
  const mirror = new ListMirror(t);
  mirror.publish(some);
  await mirror.list();
  const { rootIndex } = mirror.state.get(indexState);
  const { rootPieces } = mirror.state.get(rootPiecesState);
  mirror.publish(['project-00005', 'b'], () => 'Another');
  const changed = mirror.state.indexEntries.changed(10);
  await mirror.list();
  // The files are published, and the state is that of before.
  mirror.state.set(joined(change(indexState, { rootIndex }), change(rootPiecesState, { rootPieces })));
  mirror.publish(changed, () => 'Another');
  mirror.publish(['project-02055'], () => 'Third');
  await mirror.list();
  mirror.expectRight(t, 'the next run');
});

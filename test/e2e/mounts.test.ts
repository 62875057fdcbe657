/** A mirror of which parts lie on disks of their own: all programs work, and what is staged or removed stays on its disk. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { onlyEvery } from '../fixtures/every-case.ts';
import { readerProblems } from '../fixtures/reader-check.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeSdist, makeWheel } from '../sample/distributions.ts';
import { openBundle } from './bundle.ts';
import { openSample } from './opened-sample.ts';
import { type Ended, run } from './program.ts';
import { checkHere, logsHere, runHere } from './run-here.ts';
import { bindFolder, openSmallDisk, smallDiskOrReason } from './small-disk.ts';
import { publishedTree } from './tree.ts';

const programs = await openBundle();
const quiet = { code: 0, stdout: '', stderr: '' };
const wheel = 'alpha-1.0-py3-none-any.whl';
const wheelPath = smallIndex().pathOf('alpha', wheel).slice(1);
const aa = wheelPath.split('/')[1];

type Mount = (t: Test, path: string) => void;

const bind: Mount = (t, path) => {
  const folder = mkdtempSync(join(tmpdir(), 'elsewhere-'));
  bindFolder(t, folder, path);
  t.teardown(() => rmSync(folder, { recursive: true }));
};
const disk: Mount = (t, path) => openSmallDisk(t, '40m', path);
/** As a new ext4 is. */
const newDisk: Mount = (t, path) => {
  disk(t, path);
  mkdirSync(join(path, 'lost+found'), { mode: 0 });
};

const layouts: Readonly<Record<string, Readonly<Record<string, Mount>>>> = {
  'packages as a bind mount': { 'web/packages': bind },
  'packages on a disk of its own': { 'web/packages': newDisk },
  'packages on two disks': { 'web/packages': disk, [`web/packages/${aa}`]: newDisk },
  'all of web as a bind mount': { web: bind },
  'web on one disk and its pages on another': { web: newDisk, 'web/simple': disk },
  'statistics and trash on disks of their own': { 'web/local-stats': disk, trash: disk },
};

/** What another one of them shows, too. */
const likeAnother = new Set(['packages on a disk of its own', 'all of web as a bind mount']);

for (const [layout, mounts] of Object.entries(layouts)) {
  const needs = smallDiskOrReason();
  t.test(layout, likeAnother.has(layout) ? onlyEvery(needs) : needs, async (t) => {
    const index = smallIndex();
    const { server, target } = await openSample(t, join(programs, 'pep381run'), index);
    const here = (...options: string[]): Promise<Ended> => runHere(...options, target);
    const settings = `upstream = "${server.url}"\n`;
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, 'mirror.toml'), settings);
    writeFileSync(join(target, '../log'), '');
    for (const [folder, mount] of Object.entries(mounts)) {
      mkdirSync(join(target, folder), { recursive: true });
      mount(t, join(target, folder));
    }
    /** Where what is removed from the folder of the wheel, or staged for it, lies. */
    const file = join(target, 'web', wheelPath);
    const top = Object.keys(mounts)
      .filter((folder) => file.startsWith(join(target, folder, '/')))
      .map((folder) => join(target, folder))
      .at(-1);
    const trash =
      top === undefined && !('trash' in mounts) ? join(target, 'trash') : hiddenIn(top ?? join(target, 'web'), 'trash');
    const isRight = async (): Promise<void> => {
      t.same(readerProblems(join(target, 'web')).filter(isOfTheTree), []);
      t.same(await checkHere('--delete-unreferenced', target), quiet, 'a check has nothing to say');
    };

    index.publish(makeWheel({ name: 'alpha', version: '2.0', files: { data: Buffer.alloc(3 << 20, 'large') } }));
    for (let number = 0; number < 4; number += 1) index.publish(makeSdist({ name: `new-${number}`, version: '1.0' }));
    // What flushes the files of each disk is part of the built program alone.
    t.same(await run(join(programs, 'pep381run'), ['-q', target]), quiet);
    await isRight();
    t.same(await logsHere('-q', target, join(target, '../log')), quiet);
    t.ok(existsSync(join(target, 'web/local-stats/summary.json')));
    if (top !== undefined) {
      t.equal(statSync(join(top, '.pep381client')).mode & 0o777, 0o700, 'which no web server shows');
      t.same(readdirSync(hiddenIn(top, 'staging')), []);
    }

    const before = publishedTree(target);
    const bytes = readFileSync(file);
    index.removeProject('alpha');
    t.same(await here('-q'), quiet);
    t.notOk(existsSync(file));
    const [day = ''] = readdirSync(trash);
    const removed = join(trash, day, wheelPath);
    t.ok(readFileSync(removed).equals(bytes), 'what is removed lies in the trash of its disk');
    t.equal(statSync(removed).dev, statSync(top ?? join(target, 'web')).dev);
    t.same(readerProblems(join(target, 'web')).filter(isOfTheTree), []);
    t.match(await here('--restore', 'alpha'), { code: 0, stdout: /^Restored alpha with 3 files/ });
    const after = publishedTree(target);
    const changed = Object.keys(after).filter((path) => isOfTheTree(path) && after[path] !== before[path]);
    t.same(
      changed.filter((path) => !/^(?:simple\/index\.|(?:(?:status\/)?index|not-found)\.html$)/.test(path)),
      [],
      'but the list of projects, which tells the serial, and the pages for people',
    );
    await isRight();

    writeFileSync(file, 'damaged');
    writeFileSync(join(dirname(file), 'nobody-knows.whl'), '');
    const repair = ['-q', '--repair', '--delete-unreferenced', target];
    t.match(await run(join(programs, 'pep381checkfiles'), repair), { code: 1, stderr: '' });
    t.equal(readFileSync(removed, 'utf8'), 'damaged');
  });
}

/** Neither what a web server does not show, nor statistics. */
function isOfTheTree(path: string): boolean {
  return !/(?:^|\/)\.pep381client(?:\/|$)|^local-stats\//.test(path);
}

function hiddenIn(folder: string, name: string): string {
  return join(folder, '.pep381client', name);
}

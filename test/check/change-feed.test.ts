import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { comeAndGo } from '../fixtures/come-and-go.ts';
import { policyFrom } from '../fixtures/policy-from.ts';
import type { RunOptions, TestMirror } from '../fixtures/test-mirror.ts';
import { makeWheel } from '../sample/distributions.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { openSyncedMirror, runCheck } from './checked-mirror.ts';

/** With more changes than one piece has. */
async function manyChanges(t: Test): Promise<TestMirror> {
  const index = new SampleIndex();
  for (let at = 0; at < 10; at += 1) index.create(`project-${at}`);
  const mirror = await openSyncedMirror(t, index);
  comeAndGo(mirror, 125);
  for (let at = 10; at < 15; at += 1) index.create(`project-${at}`);
  await mirror.runLater();
  return mirror;
}

const right = { lines: [], exitCode: 0 };
const todo = 'Todo list updated; run pep381run now';
const missing = (path: string) => `Missing page ${path}`;
const bad = (path: string) => `Bad page ${path}: differs from state.db`;

t.test('a change feed of several pieces', async (t) => {
  // Each of these tests leaves the mirror as it is right.
  const mirror = await manyChanges(t);

  await t.test(
    'a check finds what is missing of the change feed, or is not what state.db says, and a run heals it',
    async (t) => {
      t.match(await runCheck(mirror), right);
      const [head, piece] = [mirror.text('changes.json'), mirror.text('changes/0.json')];
      const put = (path: string, text: string) => writeFileSync(join(mirror.web, path), text);
      const damages: readonly (readonly [() => void, string])[] = [
        [() => rmSync(join(mirror.web, 'changes.json')), missing('changes.json')],
        [() => put('changes.json', ''), bad('changes.json')],
        [() => put('changes.json', head.slice(0, -9)), bad('changes.json')],
        [() => put('changes.json', head.replace(/project-\d+/, 'another')), bad('changes.json')],
        [() => put('changes.json', head.replace(/"feed":"./, '"feed":"g')), bad('changes.json')],
        [() => rmSync(join(mirror.web, 'changes'), { recursive: true }), missing('changes/0.json')],
        [() => put('changes/0.json', piece.replace('project-7"', 'project-8"')), bad('changes/0.json')],
      ];
      for (const [damage, line] of damages) {
        damage();
        t.match(await runCheck(mirror, { quick: true }), { lines: [line, todo], exitCode: 1 });
        await mirror.runLater();
        t.same(
          [mirror.text('changes.json'), mirror.text('changes/0.json')],
          [head, piece],
          'as it was, under its numbers',
        );
        t.match(await runCheck(mirror, { quick: true }), right);
      }
      t.match(await runCheck(mirror), right);
    },
  );

  await t.test('what is left of an earlier feed is not in the way, and what is none of it is told', async (t) => {
    for (const name of ['399.json', 'notes.txt', '1000.json']) writeFileSync(join(mirror.web, 'changes', name), '{}');
    const { lines } = await runCheck(mirror, { deleteUnreferenced: true });
    t.same(lines.filter((line) => line.startsWith('Unreferenced')).sort(), [
      'Unreferenced file changes/1000.json',
      'Unreferenced file changes/notes.txt',
    ]);
    t.match(await runCheck(mirror), right);
  });

  await t.test('a mirror that was killed before it published the feed, or is at work, is no damage', async (t) => {
    mirror.index.create('new');
    await t.rejects(
      mirror.runLater({
        report: ({ type }) => {
          if (type === 'root-index') throw new Error('killed');
        },
      }),
    );
    t.match(await runCheck(mirror), right);
    await mirror.runLater();
    t.match(await runCheck(mirror), right);
  });
});

t.test('the legacy JSON of what lies here by hand is written and checked, as is the serial of the list', async (t) => {
  const mirror = await openSyncedMirror(t);
  const options: RunOptions = {
    policy: policyFrom('[[rule]]\nprojects = ["acme-core"]\nhold = "local"'),
    settings: { legacyJson: true },
  };
  const wheel = makeWheel({ name: 'acme-core', version: '1.0' });
  mkdirSync(join(mirror.web, 'packages/ours'));
  await mirror.runLater(options);
  writeFileSync(join(mirror.web, 'packages/ours', wheel.filename), wheel.content);
  await mirror.runLater(options);
  t.match(JSON.parse(mirror.text('pypi/acme-core/json')), { info: { name: 'acme-core', version: '1.0' } });
  for (const path of ['pypi/acme-core/json', 'pypi/many/json', 'local.json', 'local.db.serial']) {
    for (const damage of [rmSync, (path: string) => writeFileSync(path, 'x')]) {
      damage(join(mirror.web, path));
      t.match(await runCheck(mirror), { lines: { 0: new RegExp(`page ${path}`) }, exitCode: 1 }, path);
      await mirror.runLater(options);
      const { lines } = await runCheck(mirror);
      t.same(
        lines.filter((line) => !line.includes('packages/ours')),
        [],
        path,
      );
    }
  }
});

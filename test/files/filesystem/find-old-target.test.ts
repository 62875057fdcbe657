import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { StorageError } from '../../../src/core/errors.ts';
import { findOldTarget } from '../../../src/files/filesystem/find-old-target.ts';

/** A link to itself is refused to everybody, also to root. */
function refuse(path: string): void {
  rmSync(path, { recursive: true, force: true });
  symlinkSync(path, path);
}

t.test('pages that may not be looked at are not taken for none', async (t) => {
  const root = t.testdir({ web: { simple: { 'a-project': {} } } });
  t.match(findOldTarget(root), { from: 'an unknown program' });
  refuse(join(root, 'web/simple'));
  t.throws(() => findOldTarget(root), StorageError);
});

t.test('our own tree is not taken for that of an unknown program because its status cannot be read', async (t) => {
  const status = JSON.stringify({ upstream: 'https://pypi.example' });
  const root = t.testdir({ web: { simple: { 'a-project': {} }, 'mirror-status.json': status } });
  t.match(findOldTarget(root), { ownUpstream: 'https://pypi.example' });
  refuse(join(root, 'web/mirror-status.json'));
  t.throws(() => findOldTarget(root), { name: 'StorageError', message: /ELOOP/ });
});

t.test('a tree that cannot be moved is not left behind', async (t) => {
  const root = t.testdir({ 'local.db': '', simple: {}, packages: {} });
  const old = findOldTarget(root);
  t.match(old, { from: /^shadowmire/ });
  refuse(join(root, 'packages'));
  t.throws(() => old?.moveTree(), StorageError);
  rmSync(join(root, 'packages'));
  mkdirSync(join(root, 'packages'));
  old?.moveTree();
  t.equal(findOldTarget(root)?.from, old?.from);
});

/** The headers of objects are those of files, as a real Apache sends them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import type { WebPath } from '../../../src/core/paths.ts';
import { lastSerialOf, objectHeaders } from '../../../src/files/s3/object-headers.ts';
import { ask } from '../../apache/ask.ts';
import { blobFolder, releaseSuffixes } from '../../apache/small-mirror.ts';
import { apacheOrReason, openApache } from '../../fixtures/apache.ts';
import { openToAll } from '../../fixtures/open-to-all.ts';

const pages = ['index.html', 'index.html.gz', 'index.v1_json', 'index.v1_json.gz'];

/** One path of each kind that a mirror has. */
const paths = [
  ...pages.flatMap((page) => [`simple/${page}`, `simple/foo-bar/${page}`]),
  ...releaseSuffixes.map((suffix) => `${blobFolder}/foo_bar-1.0${suffix}`),
  `packages/py3/f/foo/foo_bar-1.0.tar.gz`,
  `packages/2.7/f/foo/index.html-1.0.zip`,
  'pypi/foo-bar/json',
  'pypi/foo-bar/1.0/json',
  'last-modified',
  'mirror-status.json',
  'removed.json',
  'changes.json',
  'changes/17.json',
  'local.json',
  'local.db.serial',
  'index.html',
  'not-found.html',
  'status/index.html',
  'local-stats/index.html',
  'local-stats/summary.json',
  'local-stats/days.csv',
  'local-stats/days/2026-11-21.bz2',
  'site.css',
  'site.js',
  'site.svg',
  'snapshot.json',
  'snapshot.json.sig',
] as WebPath[];

t.test('they are what the virtual host for a folder answers', apacheOrReason(), async (t) => {
  const target = openToAll(t).testdir();
  for (const path of paths) {
    const file = join(target, 'web', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, 'x');
  }
  const apache = await openApache({ target });
  t.teardown(() => apache.close());
  for (const path of paths) {
    const { status, headers } = await ask(apache.url, `/${path}`);
    const served = [headers['content-type'], headers['content-encoding'], headers['cache-control']];
    const { contentType, contentEncoding, cacheControl } = objectHeaders(path);
    t.equal(status, 200, path);
    t.same([contentType, contentEncoding, cacheControl], served, path);
  }
});

t.test('the serial of a project comes with its legacy JSON', async (t) => {
  const path = 'pypi/foo/json' as WebPath;
  t.equal(
    lastSerialOf(path, Buffer.from('{"info":{"x":"\\"last_serial\\":3,"},"last_serial":17,"releases":{}}')),
    '17',
  );
  t.equal(lastSerialOf(path, Buffer.from('{"last_serial":0,"releases":{}}')), undefined);
  t.equal(lastSerialOf('pypi/foo/1.0/json' as WebPath, Buffer.from('{"last_serial":17}')), undefined);
  t.equal(lastSerialOf('local.json' as WebPath, Buffer.from('{"last_serial":17}')), undefined);
});

/** A real pip, and a mirror in a bucket of a real store: through Apache, and through the store's own web site. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ask } from '../apache/ask.ts';
import { openApache } from '../fixtures/apache.ts';
import { openBucketMirror } from '../fixtures/bucket-mirror.ts';
import { bucketHost } from '../fixtures/hosts.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { openTestMirror } from '../fixtures/test-mirror.ts';
import { makeWheel } from '../sample/distributions.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { pipOrReason, pipSucceeds, pythonOutput } from './pip.ts';

const needsPip = await pipOrReason();
const needs = needsPip.skip === false ? bucketHost.needs : needsPip;
const versions =
  'import sys; sys.path[:0] = [sys.argv[1]]; import sample_app, sample_base; print(sample_app.__version__)';

t.test('pip installs from a bucket', needs, async (t) => {
  const index = new SampleIndex();
  index.publish(makeWheel({ name: 'sample-app', version: '1.0', requires: ['sample-base>=1.9'] }));
  for (const version of ['1.0', '1.9', '1.10']) index.publish(makeWheel({ name: 'sample-base', version }));
  const mirror = await openTestMirror(t, { index });
  await mirror.run();
  const bucket = await openBucketMirror(t, mirror.target);
  const folder = openToAll(t).testdir();
  const dest = (name: string): string => {
    const path = join(folder, name);
    mkdirSync(path);
    return path;
  };
  const download = async (name: string, url: string): Promise<void> => {
    const path = dest(name);
    await pipSucceeds(t, 'download', '--index-url', `${url}/simple/`, '--dest', path, 'sample-app');
    t.same(readdirSync(path).sort(), ['sample_app-1.0-py3-none-any.whl', 'sample_base-1.10-py3-none-any.whl'], name);
  };

  const apache = await openApache({ target: bucket.url, cache: true });
  t.teardown(() => apache.close());
  const site = dest('through-apache');
  await pipSucceeds(
    t,
    'install',
    '--no-compile',
    '--index-url',
    `${apache.url}/simple/`,
    '--target',
    site,
    'sample-app',
  );
  t.match(await pythonOutput('-c', versions, site), /^1\.0/);
  await download('through-its-cache', apache.url);

  const website = await bucket.openWebsite();
  await download('through-the-web-site', website);
  const { origin, pathname } = new URL(website);
  const get = (path: string, accept = '*/*') => ask(origin, pathname + path, { headers: { Accept: accept } });
  const page = await get('/simple/sample-app/', 'application/vnd.pypi.simple.v1+json');
  t.match(page.headers, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'public, max-age=600' });
  t.match(await get('/simple/Sample_App/'), { status: 403 }, 'no other spelling of a name, and no 404');
  t.match(await get('/last-modified'), { status: 200 });
  t.match(await get('/../state.db'), { status: 403 });
});

/**
 * The shipped virtual hosts: what is tested of one is tested of all. Most tests read one mirror, which each host serves once:
 * to start Apaches and to fill buckets would take longer than all requests.
 */
import t from 'tap';
import { testHosts } from '../fixtures/hosts.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { writeSmallMirror } from './small-mirror.ts';
import { testBrowsers } from './vhost-browsers.ts';
import { noBrotli, testBrotli, testCompression, testErrors, testLongNames, writeLongMetadata } from './vhost-errors.ts';
import { testEtags, writeEqualPages } from './vhost-etags.ts';
import { testFiles } from './vhost-files.ts';
import { testLegacy } from './vhost-legacy.ts';
import { testPages } from './vhost-pages.ts';
import { testSite } from './vhost-site.ts';
import { testWeights } from './vhost-weights.ts';

testHosts(t, 'a small mirror', async (t, host) => {
  const target = openToAll(t).testdir();
  writeSmallMirror(target);
  writeEqualPages(target);
  writeLongMetadata(target);
  const apache = await host.open(t, { target });
  const tried = { host, apache, target };
  // Before any file is in the cache: what mod_cache itself answers, such as 416, lacks the security headers.
  await t.test('error pages and redirects forbid what pages forbid, and are kept by nobody', (t) =>
    testErrors(t, tried),
  );
  await t.test('pages', (t) => testPages(t, tried));
  await t.test('Accept is weighed', (t) => testWeights(t, tried));
  await t.test('files', (t) => testFiles(t, tried));
  await t.test('from other origins', (t) => testBrowsers(t, tried));
  await t.test('what no file system can name does not exist', (t) => testLongNames(t, tried));
  await t.test('metadata is compressed for who accepts that, and nothing else below /packages/', (t) =>
    testCompression(t, tried),
  );
  await t.test(
    'where brotli is on, pages come from their twins or as they are, and never in two encodings',
    { skip: noBrotli },
    (t) => testBrotli(t, tried),
  );
  // The last two change the mirror.
  await t.test('pages for people', (t) => testSite(t, tried));
  await t.test('each form of a page has its own ETag, and no other is taken for it', (t) => testEtags(t, tried));
});

testHosts(t, 'other mirror programs', testLegacy);

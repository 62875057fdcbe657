/** A real browser on pages that are full of somebody's markup: it shows text, and neither runs nor fetches anything. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { apacheOrReason, openApache } from '../fixtures/apache.ts';
import { browserOrReason, openBrowser, sharedPage } from '../fixtures/browser.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { openTestMirror } from '../fixtures/test-mirror.ts';
import { logLine } from './log-line.ts';

const options = { skip: apacheOrReason().skip || browserOrReason().skip };

/** Would fetch `/hit/…`, which Apache logs, and change the title, if it were taken for markup. */
function markup(field: string): string {
  return `"'><img src="/hit/${field}" onerror="document.title='owned'"><script>document.title='owned'</script>&lt;b>`;
}

t.test('markup in a page of upstream stays text', options, async (t) => {
  const mirror = await openTestMirror(openToAll(t));
  mirror.alterPage('alpha', (page) => ({
    ...page,
    meta: { ...page.meta, extra: markup('meta') },
    'project-status': { status: 'archived', reason: markup('status') },
    files: page.files.map((file) => ({
      ...file,
      'requires-python': markup('python'),
      yanked: markup('yanked'),
      url: `${file.url}#${markup('fragment')}`,
    })),
  }));
  await mirror.run();
  t.same([...mirror.problems(), ...mirror.parkings()], []);
  writeFileSync(join(mirror.web, 'unescaped.html'), `<title>quiet</title>${markup('unescaped')}`);
  const apache = await openApache({ target: mirror.target });
  t.teardown(() => apache.close());
  const shown = await sharedPage(await openBrowser(t));
  /** The page as the browser has understood it, after its scripts and whatever they have fetched. */
  const understood = async (path: string): Promise<string> => {
    await shown.goto(`${apache.url}${path}`, { waitUntil: 'networkidle' });
    return shown.content();
  };

  const page = await understood('/simple/alpha/');
  t.match(page, /<title>Links for alpha<\/title>/);
  t.equal(page.match(/<a /g)?.length, 2);
  t.notMatch(page, /<(?:img|script)/);
  t.match(page, /&lt;img src=/, 'a browser was told of the markup');
  for (const path of ['/simple/', '/']) t.notMatch(await understood(path), /owned/);

  const unescaped = await understood('/unescaped.html');
  t.match(unescaped, /<title>quiet<\/title>/, 'the policy of the virtual host runs no script, even if one got through');
  await logLine(apache.log, '/hit/unescaped');
  t.same(readFileSync(apache.log, 'utf8').match(/\/hit\/\w+/g), ['/hit/unescaped'], 'what is taken for markup is seen');
});

/** The page of the statistics in a real browser, as Apache serves it: everybody can use it, and it is only text. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { FilesystemFileStore } from '../../src/files/filesystem/filesystem-file-store.ts';
import { publishStatistics } from '../../src/site/statistics/publish-statistics.ts';
import { apacheOrReason, openApache } from '../fixtures/apache.ts';
import { browserOrReason, looks, openBrowser, pageProblems } from '../fixtures/browser.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { sampleStatistics } from '../site/statistics/sample-statistics.ts';

const needed = { skip: apacheOrReason().skip || browserOrReason().skip };

t.test('the page of statistics is accessible and fits with any number of days', needed, async (t) => {
  const target = openToAll(t).testdir();
  const files = new FilesystemFileStore(target, new FakeClock(), 'staging-stats');
  files.create();
  const cases = { none: 0, one: 1, week: 10, year: 366 };
  for (const [name, count] of Object.entries(cases)) {
    await publishStatistics(files, sampleStatistics(count, name === 'year' ? 13e9 : 1000));
    cpSync(join(target, 'web/local-stats'), join(target, 'web', name), { recursive: true });
  }
  const apache = await openApache({ target });
  t.teardown(() => apache.close());
  const browser = await openBrowser(t);

  for (const name of Object.keys(cases)) {
    // Colours are those of the style sheet: not each of them is looked at with each number of days.
    const colors = name === 'one' ? 'dark' : 'light';
    const shown = name === 'week' ? looks : looks.filter((look) => look.colors === colors);
    t.same(await pageProblems(browser, `${apache.url}/${name}/`, shown), [], name);
  }

  await t.test('nothing that was counted becomes markup', async (t) => {
    const page = await browser.newPage();
    await page.goto(`${apache.url}/week/`);
    t.equal(await page.title(), 'Download statistics');
    t.equal(await page.evaluate('document.querySelectorAll("img, b, script:not([src])").length'), 0);
    await page.close();
  });

  await t.test('it can be read without JavaScript, and used by the keyboard', async (t) => {
    const page = await browser.newPage({ javaScriptEnabled: false });
    await page.goto(`${apache.url}/week/`);
    t.equal(await page.locator('svg.plot').count(), 3);
    await page.keyboard.press('Tab');
    t.equal(await page.locator(':focus').textContent(), 'Skip to the content');
    const table = page.locator('figure table').first();
    t.notOk(await table.isVisible());
    await page.locator('details > summary').first().focus();
    await page.keyboard.press('Enter');
    t.ok(await table.isVisible(), 'the numbers behind a chart are unfolded');
    await page.keyboard.press('Tab');
    t.match(await page.locator(':focus').getAttribute('aria-label'), /^Table: Downloads/, 'and scrolled');
    await page.close();
  });

  await t.test('the browser of the tests sees what is wrong', async (t) => {
    mkdirSync(join(target, 'web/bad'));
    const bad =
      '<!doctype html><title>x</title><img src="/x"><p style="width:2000px">x</p><svg><text y="9" font-size="5">y';
    writeFileSync(join(target, 'web/bad/index.html'), bad);
    const problems = await pageProblems(browser, `${apache.url}/bad/`, [{ width: 360, colors: 'light' }]);
    for (const problem of [/^console: .*style/, / has small text: y/, / image-alt/, / html-has-lang/]) {
      t.ok(
        problems.some((told) => problem.test(told)),
        `${problem}`,
      );
    }
  });
});

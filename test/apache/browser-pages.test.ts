/** The home page and the status in a real browser, as Apache serves them, in every state that a mirror can be in. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { FilesystemFileStore } from '../../src/files/filesystem/filesystem-file-store.ts';
import { renderHomePage, renderNotFoundPage } from '../../src/site/home-page.ts';
import { publishSite } from '../../src/site/publish-site.ts';
import type { SiteFacts } from '../../src/site/site-facts.ts';
import { renderStatusPage } from '../../src/site/status/status-page.ts';
import { type Apache, apacheOrReason, openApache } from '../fixtures/apache.ts';
import { browserOrReason, looks, openBrowser, pageProblems, sharedPage } from '../fixtures/browser.ts';
import { onlyEvery } from '../fixtures/every-case.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { allWell, hostileFacts, hostileText, now, states } from '../site/sample-facts.ts';

const needed = { skip: apacheOrReason().skip || browserOrReason().skip };

type Site = Apache & { readonly show: (facts: SiteFacts) => Promise<void> };

let opened: Promise<Site> | undefined;

/** Serves the pages about `facts` and a project `foo-bar`. `show` publishes them for other facts. */
async function served(facts: SiteFacts): Promise<Site> {
  opened ??= openSite();
  const site = await opened;
  await site.show(facts);
  return site;
}

/** Apache is started once for all tests. */
async function openSite(): Promise<Site> {
  const target = openToAll(t).testdir();
  const files = new FilesystemFileStore(target, new FakeClock());
  files.create();
  const show = async (facts: SiteFacts): Promise<void> => {
    await publishSite(files, [
      { path: 'status/index.html', text: renderStatusPage(facts) },
      { path: 'not-found.html', text: renderNotFoundPage(facts) },
      { path: 'index.html', text: renderHomePage(facts) },
    ]);
  };
  for (const path of ['simple/foo-bar/index.html', 'local-stats/index.html']) {
    mkdirSync(dirname(join(target, 'web', path)), { recursive: true });
    writeFileSync(join(target, 'web', path), '<!DOCTYPE html><title>there</title>');
  }
  const apache = await openApache({ target });
  t.teardown(() => apache.close());
  return { ...apache, show };
}

/** All that the pages of other states add to those of a mirror that is well, but for their verdicts. */
const muchAtOnce: SiteFacts = {
  ...states.inObjectStore,
  ...pick(states.deletionsHeldBack, 'heldBack', 'totals'),
  ...pick(states.manyParked, 'parked', 'parkedByObstacle'),
  ...pick(states.diskNearlyFull, 'room', 'alarms'),
  ...pick(states.damageFound, 'lastCheck'),
};

function pick<K extends keyof SiteFacts>(facts: SiteFacts, ...keys: readonly K[]): Pick<SiteFacts, K> {
  return Object.fromEntries(keys.map((key) => [key, facts[key]])) as Pick<SiteFacts, K>;
}

/** The rows of a year are looked at once. */
function ofDays(facts: SiteFacts, count = 20): SiteFacts {
  return { ...facts, days: facts.days.slice(-count) };
}

t.test('everybody can use the pages, whatever the mirror has to say', needed, async (t) => {
  const browser = await openBrowser(t);
  const { url, show } = await served(allWell);
  const [one = [], two = [], three = [], four = []] = looks.map((look) => [look]);
  t.same(await pageProblems(browser, `${url}/`, looks), [], 'home page');
  t.same(await pageProblems(browser, `${url}/not-found.html`, one), [], 'no such project');
  t.same(await pageProblems(browser, `${url}/status/`, three), [], 'status of a mirror that is well, after a year');
  await show(ofDays(allWell));
  t.same(await pageProblems(browser, `${url}/status/`, looks), [], 'status of a mirror that is well');
  await show(states.firstMinute);
  t.same(await pageProblems(browser, `${url}/`, two), [], 'home page in the first minute');
  t.same(await pageProblems(browser, `${url}/status/`, three), [], 'status in the first minute');
  await show(ofDays(states.failing));
  t.same(await pageProblems(browser, `${url}/status/`, four), [], 'status of a mirror that fails');
  await show(ofDays(muchAtOnce));
  t.same(await pageProblems(browser, `${url}/status/`, two), [], 'status of a mirror in need of much');
  await show(ofDays(hostileFacts));
  t.same(await pageProblems(browser, `${url}/status/`, one), [], 'status full of markup');
});

t.test('everybody can use the status in each state, and in each of its looks', onlyEvery(needed), async (t) => {
  const browser = await openBrowser(t);
  for (const [name, facts] of Object.entries({ ...states, hostileFacts })) {
    const { url } = await served(facts);
    t.same(await pageProblems(browser, `${url}/status/`, looks), [], name);
  }
});

t.test('what upstream says stays text', needed, async (t) => {
  const browser = await openBrowser(t);
  const { url } = await served(hostileFacts);
  const page = await sharedPage(browser);
  for (const path of ['/', '/status/']) {
    await page.goto(`${url}${path}`);
    t.notMatch(await page.title(), /owned/);
    t.equal(await page.evaluate('document.querySelectorAll("img, script:not([src]), iframe").length'), 0);
  }
  t.ok((await page.locator('main').textContent())?.includes(hostileText.slice(0, 40)), 'and is shown');
});

t.test('a name is found, with and without JavaScript', needed, async (t) => {
  const browser = await openBrowser(t);
  const { url } = await served({ ...allWell, settings: { ...allWell.settings, baseUrl: undefined } });
  const page = await sharedPage(browser);
  await page.goto(url);
  t.match(await page.locator('pre').first().textContent(), `pip config set global.index-url ${url}/simple/`);
  t.match(await page.locator('pre').first().textContent(), '\npip config set global.trusted-host 127.0.0.1');
  const answer = page.locator('[data-answer]');
  await page.getByLabel('Name of a project').fill(' Foo__Bar[extra]>=1 ');
  await page.keyboard.press('Enter');
  await answer.getByRole('link').waitFor();
  t.equal(await answer.textContent(), 'Yes, foo-bar is here: its files');
  await answer.getByRole('link').click();
  t.equal(page.url(), `${url}/simple/foo-bar/`);
  await page.goBack();
  await page.getByLabel('Name of a project').fill('absent');
  await page.getByRole('button', { name: 'Look' }).click();
  await page.getByText('No, absent is not here.').waitFor();

  const plain = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await plain.goto(url);
  t.match(
    await plain.locator('pre').first().textContent(),
    'pip config set global.index-url https://THIS-HOST/simple/',
  );
  t.ok(await plain.getByText('https://THIS-HOST stands for the address of this host.').isVisible());
  await plain.getByLabel('Name of a project').fill(' Foo__Bar[extra]>=1 ');
  await plain.keyboard.press('Enter');
  await plain.waitForURL(`${url}/simple/foo-bar/`);
  await plain.goto(url);
  await plain.getByLabel('Name of a project').fill('Absent');
  await plain.keyboard.press('Enter');
  await plain.getByText('This mirror has no project of that name.').waitFor();
  t.equal(await plain.title(), 'Not here');
});

t.test('a page that no run has renewed says so', needed, async (t) => {
  const browser = await openBrowser(t);
  const { url } = await served(allWell);
  const page = await browser.newPage();
  const note = page.getByText('No run has renewed this page');
  for (const [hours, isStale] of [
    [1, false],
    [30, true],
  ] as const) {
    await page.clock.setFixedTime(now + hours * 3_600_000);
    await page.goto(`${url}/status/`);
    t.equal(await note.isVisible(), isStale, `after ${hours} hours`);
    t.match(await page.locator('footer').textContent(), isStale ? '(30 hours ago)' : '(1 hour ago)');
  }
});

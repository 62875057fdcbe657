/** The pages about a mirror: what they show of a state, what they leave out, and how long they may get. */
import t from 'tap';
import { renderHomePage, renderNotFoundPage } from '../../src/site/home-page.ts';
import type { SiteFacts } from '../../src/site/site-facts.ts';
import { renderStatusPage } from '../../src/site/status/status-page.ts';
import { policyFrom } from '../fixtures/policy-from.ts';
import { allWell, deletionsHeldBack, hostileFacts, inObjectStore, manyParked, states } from './sample-facts.ts';

const pages = { renderHomePage, renderNotFoundPage, renderStatusPage };

t.test('no page has a style, a script or an address of elsewhere in it', async (t) => {
  for (const [name, facts] of Object.entries({ ...states, hostileFacts })) {
    for (const [page, render] of Object.entries(pages)) {
      const text = render(facts);
      t.notMatch(text, /<style|style="|<script>|\son[a-z]+="|javascript:|<img|<iframe/i, `${page} of ${name}`);
      const links = [...text.matchAll(/\s(?:href|src|action)="([^"]*)"/g)].map(([, link]) => link);
      t.same(
        links.filter((link) => /^[a-z]+:|^\/\//.test(link ?? '') && link !== 'https://pypi.org'),
        [],
        'all links lead to this mirror',
      );
    }
  }
});

t.test('the page for what is not here is served at any address, so its links begin at the root', async (t) => {
  const linksOf = (facts: SiteFacts): string[] =>
    [...renderNotFoundPage(facts).matchAll(/\s(?:href|src|action)="([^"#][^"]*)"/g)].map(([, link]) => link ?? '');
  const roots = [undefined, 'https://pypi.example.org', 'https://example.org/mirrors/pypi/'];
  const expected = ['/', '/', '/mirrors/pypi/'];
  for (const [at, baseUrl] of roots.entries()) {
    const links = linksOf({ ...allWell, settings: { ...allWell.settings, baseUrl } });
    const root = expected[at] ?? '';
    t.same(
      links.filter((link) => !link.startsWith(root)),
      [],
      `${baseUrl}`,
    );
    for (const path of ['site.css', 'site.js', 'find', 'status/', 'simple/'])
      t.ok(links.includes(`${root}${path}`), path);
  }
});

t.test('however much there is, a page has a number and the first of it', async (t) => {
  const million = {
    ...manyParked,
    totals: { ...manyParked.totals, queued: 1_000_000, parked: 1_000_000 },
    parkedByObstacle: new Map([['failed', 1_000_000]] as const),
  };
  const text = renderStatusPage(million);
  t.match(text, 'and 999,950 more');
  t.equal([...text.matchAll(/<th scope="row">project-/g)].length, 50);
  t.ok(text.length < 500_000, `${text.length} characters`);
});

t.test('what waits for its first try is behind by serials', async (t) => {
  const behind = 'The first change that waits is 1,234 serials behind.';
  t.match(renderStatusPage({ ...allWell, serialsBehind: 1234 }), behind);
  t.notMatch(renderStatusPage(allWell), 'The first change that waits');
});

t.test('the command that allows deletions can be copied', async (t) => {
  const text = renderStatusPage(deletionsHeldBack);
  t.match(text, '<code>pep381run --allow-deletions 40 TARGET</code>');
  t.notMatch(renderStatusPage(allWell), '--allow-deletions');
});

t.test('what was asked of an object store is a small table, and nothing where there is none', async (t) => {
  t.notMatch(renderStatusPage(allWell), 'bject store');
  const text = renderStatusPage(inObjectStore);
  t.match(text, '<h2 id="store">Object store</h2>');
  t.match(text, /The last run<\/th><td class="number">2<\/td><td class="number">33 KiB<\/td><td class="number">0 B</);
  t.match(text, /The last 30 days<\/th><td class="number">3,630,060<\/td><td class="number">82 TiB</);
  t.match(text, '<td class="long">put 3,600,060, head 30,000</td>');
});

t.test('what a partial mirror holds is told without names, folders and other indexes', async (t) => {
  const toml = `requirements = ["/srv/secret-app/requirements.txt"]
dependencies = true
[[rule]]
projects = ["acme-*", "classified"]
upstream = "https://nexus.corp.example/simple/"
[releases]
prereleases = false
keep = 3
min-age = "7d"
min-age-exempt = ["acme-*"]
[files]
max-size = "500MB"
systems = ["linux"]
[budget]
size = "2TB"
`;
  const policy = policyFrom(toml, { '/srv/secret-app/requirements.txt': 'classified-lib==1.0\n' });
  const facts: SiteFacts = { ...allWell, policy, unsatisfied: 2, totals: { ...allWell.totals, bytes: 1e12 } };
  const text = renderStatusPage(facts);
  t.notMatch(text, /acme|classified|secret|nexus|corp\.example|requirements\.txt|mirror\.toml:/);
  for (const shown of [
    'chosen by 2 rules; all others not held',
    'and all that these require',
    'keep = 3',
    'min-age = ',
  ]) {
    t.match(text, shown);
  }
  t.match(text, 'prereleases = false');
  t.match(text, /Budget of the mirror: 931 GiB of 1\.8 TiB used \(50 %\)/);
  t.match(text, '2 projects or releases');
  t.match(renderHomePage(facts), 'This host has a copy of a part of ');
  t.match(renderNotFoundPage(facts), 'This mirror has a part of pypi.org only');
});

t.test('settings show the address of the mirror, and what plain HTTP needs', async (t) => {
  const at = (baseUrl: string | undefined): string =>
    renderHomePage({ ...allWell, settings: { ...allWell.settings, baseUrl } });
  t.match(
    at('https://pypi.example.org'),
    '<code>pip config set global.index-url https://pypi.example.org/simple/</code>',
  );
  t.match(at('http://py.lan:8080'), 'http://py.lan:8080/simple/\npip config set global.trusted-host py.lan</code>');
  t.match(at(undefined), 'pip config set global.index-url https://THIS-HOST/simple/</code>');
  t.match(at('https://pypi.example.org/mirror'), 'UV_DEFAULT_INDEX=https://pypi.example.org/mirror/simple/');
});

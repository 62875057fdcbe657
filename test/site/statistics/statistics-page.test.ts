/** The page of the statistics: with any number of days, and with names that were made up to do harm. */
import t from 'tap';
import { renderStatisticsPage } from '../../../src/site/statistics/statistics-page.ts';
import { hostileNames, sampleStatistics } from './sample-statistics.ts';

t.test('without a day it says when there will be one', async (t) => {
  const nothing = sampleStatistics(0);
  const page = renderStatisticsPage(nothing);
  t.match(page, 'No downloads have been counted yet: processlogs counts them');
  t.match(page, 'on the third day');
  t.notMatch(page, /<figure|<table|NaN|undefined/);
  const begun = renderStatisticsPage({ ...nothing, seen: ['2026-11-27', '2026-11-28'] });
  t.match(begun, 'So far the logs tell of 27 Nov 2026 to 28 Nov 2026.');
});

t.test('few days are shown as such, and many as trends', async (t) => {
  const shown = (count: number): readonly boolean[] => {
    const page = renderStatisticsPage(sampleStatistics(count));
    t.notMatch(page, /NaN|undefined|Infinity/, `${count} days`);
    return [/class="bars"/, /These statistics began on/, /class="spark"/, /class="legend"/].map((part) =>
      part.test(page),
    );
  };
  t.same(shown(1), [true, true, false, false]);
  t.same(shown(2), [true, true, false, false]);
  t.same(shown(3), [true, true, true, true]);
  t.same(shown(400), [true, false, true, true]);
});

t.test('the sums stand at its beginning', async (t) => {
  const page = renderStatisticsPage(sampleStatistics(366, 13e9));
  t.match(page, /<dt>28 Nov 2026<\/dt><dd>13.0 billion<\/dd><dd class="more">downloads, 1.7 PiB/);
  t.match(page, /<dt>Last 30 days<\/dt><dd>390 billion<\/dd>/);
  t.match(page, /<dt>Last year<\/dt><dd>4.76 trillion<\/dd>/);
  t.match(renderStatisticsPage(sampleStatistics(100)), /<dt>Since 21 Aug 2026<\/dt><dd>100,295<\/dd>/);
  t.match(renderStatisticsPage(sampleStatistics(10)), /<dt>10 days<\/dt>/);
});

t.test('names stay text, and only those of projects are links', async (t) => {
  const page = renderStatisticsPage(sampleStatistics(10));
  t.notMatch(page, /<script>|<img|<b>|[\u202a-\u202e\u2066-\u2069]/);
  t.match(page, '&lt;script&gt;document.title=&#39;owned&#39;&lt;/script&gt;');
  t.match(page, '<bdi>&amp;lt;b&amp;gt;</bdi>');
  t.notMatch(page, 'a'.repeat(120), 'a long name is cut');
  const links = [...page.matchAll(/href="([^"]*)"/g)].map(([, link = '']) => link);
  const projects = links.filter((link) => link.startsWith('../simple/'));
  t.same(projects, ['../simple/', '../simple/numpy/']);
  const others = links.filter((link) => !/^(?:\.\.\/|days\/2026-\d\d-\d\d\.bz2$|\w+\.csv$|#content$)/.test(link));
  t.same(others, ['https://peps.python.org/pep-0381/', 'summary.json']);
});

t.test('nothing in it needs what the policy of the virtual host forbids', async (t) => {
  const page = renderStatisticsPage(sampleStatistics(30));
  t.notMatch(page, / style="| on\w+="|<style|javascript:|data:/);
  const loaded = [...page.matchAll(/ src="([^"]*)"|<link [^>]*href="([^"]*)"/g)].map(([, src, href]) => src ?? href);
  t.same(loaded, ['../site.css', '../site.svg', '../site.js']);
});

t.test('all published days are linked, by month, the latest first', async (t) => {
  const page = renderStatisticsPage({
    ...sampleStatistics(1),
    published: ['2025-12-31', '2026-01-01', '2026-02-01', '2026-02-10'],
  });
  t.same(
    [...page.matchAll(/<summary>(\d.*?)<\/summary>|<dt>(\w{3} \d{4})<\/dt>|days\/(.*?)\.bz2">(\d+)</g)].map((found) =>
      found.slice(1).filter((part) => part !== undefined),
    ),
    [
      ['2026: 3 days'],
      ['Feb 2026'],
      ['2026-02-01', '1'],
      ['2026-02-10', '10'],
      ['Jan 2026'],
      ['2026-01-01', '1'],
      ['2025: 1 day'],
      ['Dec 2025'],
      ['2025-12-31', '31'],
    ],
  );
});

t.test('a hostile name is there, whatever it is', async (t) => {
  const page = renderStatisticsPage(sampleStatistics(5));
  t.equal(page.match(/<th scope="row" class="name">/g)?.length, hostileNames.length * 2 + 2 + 3 + 3);
});

/** Charts: what they draw is what they are given, whatever it is. */
import fc from 'fast-check';
import t from 'tap';
import { renderBarChart } from '../../../src/site/charts/bar-chart.ts';
import { bytes, counts, longCount, seconds, shares } from '../../../src/site/charts/chart-values.ts';
import { renderLineChart } from '../../../src/site/charts/line-chart.ts';
import { renderRunStrip } from '../../../src/site/charts/run-strip.ts';
import { renderSparkline } from '../../../src/site/charts/sparkline.ts';

const gib = 1024 ** 3;

t.test('values are short at an axis and whole in a table', async (t) => {
  t.same([0, 1, 950, 1500, 13e9].map(counts.short), ['0', '1', '950', '1.5 k', '13 G']);
  t.equal(counts.full(13e9), '13,000,000,000');
  t.same([0, 512, 1.5 * gib, 20 * gib].map(bytes.short), ['0', '512 B', '1.5 GiB', '20 GiB']);
  t.same([0, 0.125, 1].map(shares.short), ['0 %', '12.5 %', '100 %']);
  t.same([0.5, 45, 90, 3723, 90_000].map(seconds.short), ['0.5 s', '45 s', '1.5 min', '1.03 h', '1.04 d']);
  t.same([90, 3723, 86_405].map(seconds.full), ['1 min 30 s', '1 h 2 min', '1 d']);
  t.same([0, 12_345, 1_234_567, 13.2e9, 345e12].map(longCount), [
    '0',
    '12,345',
    '1.23 million',
    '13.2 billion',
    '345 trillion',
  ]);
});

t.test('a grid begins at 0, has few lines that differ, and its last line is not below any value', async (t) => {
  const kinds = { counts, bytes, shares, seconds };
  for (const [name, kind] of Object.entries(kinds)) {
    const max = name === 'shares' ? 1 : 1e15;
    const check = (value: number): void => {
      const ticks = kind.ticks(value);
      const labels = new Set(ticks.map(kind.short));
      const isRising = ticks.every((tick, at) => at === 0 || tick > (ticks[at - 1] ?? tick));
      if (
        ticks[0] === 0 &&
        (ticks.at(-1) ?? 0) >= value &&
        ticks.length <= 11 &&
        isRising &&
        labels.size === ticks.length
      )
        return;
      throw new Error(`${name} up to ${value}: ${ticks.map(kind.short).join(', ')}`);
    };
    for (const value of [0, 1, max, max / 1024, 1023, 1024, 1025].filter((value) => value <= max)) check(value);
    fc.assert(fc.property(fc.double({ min: 0, max, noNaN: true }), check));
    fc.assert(fc.property(fc.integer({ min: 0, max: Math.ceil(max / 1e12) }), check));
  }
  t.pass('for all kinds of values');
});

t.test('a bar for each day, as high as its value, and a gap where there is none', async (t) => {
  const values = [
    { day: '2026-11-25', value: 5 },
    { day: '2026-11-26', value: 10 },
    { day: '2026-11-28', value: 0 },
  ];
  const chart = String(renderBarChart({ title: 'Downloads', column: 'Number', kind: counts, values }));
  const bars = [...chart.matchAll(/<rect x="(\d+)" y="(\d+)" width="8" height="(\d+)"><title>(.*?)<\/title>/g)];
  t.same(
    bars.map((bar) => bar.slice(1)),
    [
      ['241', '500', '500', '25 Nov 2026: 5'],
      ['251', '0', '1000', '26 Nov 2026: 10'],
      ['271', '1000', '0', '28 Nov 2026: 0'],
    ],
  );
  t.match(
    chart,
    'aria-label="Downloads: bars for 3 days from 25 Nov 2026 to 28 Nov 2026; most on 26 Nov 2026, 10; last 0"',
  );
  t.same(
    [...chart.matchAll(/<th scope="row">(.*?)<\/th><td class="number">(.*?)<\/td>/g)].map((row) => row.slice(1)),
    [
      ['2026-11-28', '0'],
      ['2026-11-26', '10'],
      ['2026-11-25', '5'],
    ],
  );
});

t.test('labels of days do not overlap on a telephone', async (t) => {
  for (const count of [1, 29, 60, 71, 100, 366, 500, 501, 1500, 4000]) {
    const values = [
      { day: new Date(Date.UTC(2026, 10, 29 - count)).toISOString().slice(0, 10), value: 1 },
      { day: '2026-11-28', value: 1 },
    ];
    const chart = String(renderBarChart({ title: '', column: '', kind: counts, values }));
    const labels = [...chart.matchAll(/<text x="([\d.]+)%" y="214"( class="wide")?>(.*?)<\/text>/g)];
    const narrow = labels.filter(([, , wide]) => wide === undefined).map(([, x]) => Number(x));
    t.ok(narrow.length > 0, `${count} days`);
    t.ok(
      narrow.every((x, at) => at === 0 || x - (narrow[at - 1] ?? 0) >= 11),
      `${count} days: ${narrow}`,
    );
  }
});

t.test('a line for each series, which is interrupted where there is no value', async (t) => {
  const chart = String(
    renderLineChart({
      title: 'Python',
      kind: counts,
      days: ['2026-11-25', '2026-11-26', '2026-11-27', '2026-11-28'],
      series: [
        { name: '<3.13>', values: [1, undefined, 3, 4] },
        { name: '3.12', values: [4, 3, 2, 1] },
      ],
    }),
  );
  const paths = [...chart.matchAll(/<path class="trend series-(\d)" d="([^"]*)"><title>(.*?)<\/title>/g)];
  t.same(
    paths.map(([, series, , name]) => [series, name]),
    [
      ['2', '3.12'],
      ['1', '&lt;3.13&gt;'],
    ],
    'the first lies above the others',
  );
  t.equal(paths[1]?.[2]?.match(/M/g)?.length, 2);
  t.match(chart, /<li><svg[^>]*>.*?<\/svg> &lt;3.13&gt;<\/li>/);
  t.match(chart, '<tr><th scope="row">2026-11-26</th><td class="number">–</td><td class="number">3</td></tr>');
});

t.test('a trend of any values is drawn within its frame', async (t) => {
  for (const values of [[], [0], [0, 0], [1, 2, 3], [1e15, 0]]) {
    const trend = String(renderSparkline(values, 'a "label"'));
    t.notMatch(trend, /NaN|Infinity/);
    t.match(trend, 'aria-label="a &quot;label&quot;"');
    const heights = [...trend.matchAll(/[ML,](?:[\d.]+),([\d.]+)/g)].map(([, y]) => Number(y));
    t.ok(heights.every((y) => y >= 0 && y <= 24));
  }
});

t.test('runs differ in form, not only in colour, by how they ended', async (t) => {
  const run = (outcome: 'good' | 'incomplete' | 'failed', ending: string) =>
    ({ when: '2026-11-28 01:02', seconds: 90, outcome, ending }) as const;
  const runs = [run('good', 'complete'), run('incomplete', '<2 failed>'), run('failed', 'no upstream')];
  const strip = String(renderRunStrip({ title: 'Runs', runs }));
  const bars = strip.slice(strip.indexOf('class="plot"'), strip.indexOf('<details>'));
  t.same(
    [...bars.matchAll(/<g class="run (\w+)"><title>(.*?)<\/title>.*?(<path|<\/g>)/g)].map((bar) => bar.slice(1)),
    [
      ['good', '2026-11-28 01:02: complete, 1 min 30 s', '</g>'],
      ['incomplete', '2026-11-28 01:02: &lt;2 failed&gt;, 1 min 30 s', '</g>'],
      ['failed', '2026-11-28 01:02: no upstream, 1 min 30 s', '<path'],
    ],
  );
  t.match(strip, 'the last 3 runs, 1 good, 1 incomplete, 1 failed');
  t.notMatch(String(renderRunStrip({ title: 'Runs', runs: [] })), /NaN|Infinity/);
});

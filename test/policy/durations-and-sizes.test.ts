import t from 'tap';
import { parseDuration, parseInterval, parseSize } from '../../src/policy/durations-and-sizes.ts';

t.test('times are read', async (t) => {
  const hour = 3_600_000;
  const times: [string, number | undefined][] = [
    ['1h', hour],
    ['1.5h', 1.5 * hour],
    ['7d', 168 * hour],
    ['2 w', 336 * hour],
    ['5y', 5 * 365 * 24 * hour],
    ['0d', 0],
  ];
  for (const [text, time] of times) t.equal(parseDuration(text), time, text);
  for (const text of ['', '7', 'd', '7m', '7D', '-7d', '1e3d', '7d ', '.5d', '9999999999d']) {
    t.equal(parseDuration(text), undefined, text);
  }
});

t.test('short times have minutes, and no units that are longer than a day', async (t) => {
  for (const [text, minutes] of [
    ['1m', 1],
    ['30m', 30],
    ['1.5 h', 90],
    ['1d', 1440],
  ] as const) {
    t.equal(parseInterval(text), minutes * 60_000, text);
  }
  for (const text of ['', '30', 'm', '30M', '1w', '-1m', '30s', '30min']) t.equal(parseInterval(text), undefined, text);
});

t.test('sizes are read', async (t) => {
  const sizes: [string, number | undefined][] = [
    ['10B', 10],
    ['1kB', 1000],
    ['1KB', 1000],
    ['1KiB', 1024],
    ['1.5 MB', 1_500_000],
    ['2GiB', 2 * 1024 ** 3],
    ['4TB', 4e12],
    ['1PiB', 1024 ** 5],
  ];
  for (const [text, size] of sizes) t.equal(parseSize(text), size, text);
  for (const text of ['', '1', '1G', '1gb', '1Gb', '1kiB', '-1GB', '1 000 MB'])
    t.equal(parseSize(text), undefined, text);
});

/** However logs are rotated, each line counts once; what could not be read is told. */
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { bzip2 } from '../../src/cli/logs/bzip2.ts';
import { LogFiles } from '../../src/files/logs/log-files.ts';
import { processLogs } from '../../src/stats/process-logs.ts';
import { logLine, logOf } from './log-text.ts';
import { TestStats } from './test-stats.ts';

const dayOf = (number: number): string => new Date(Date.UTC(2026, 9, number)).toISOString().slice(0, 10);
const newStats = (t: Test): TestStats => new TestStats({ testdir: () => t.testdir() });

/** Lines that many logs may begin with: those of a monitor, more than a log is looked for by. */
const alike = Array.from({ length: 60 }, () => logLine({ at: dayOf(1), file: '/simple/foo/' })).join('');

/** Each name of a log, given the number of the day that it was rotated at the end of, and how many days ago that was. */
const rotations: Readonly<Record<string, (day: number, ago: number) => string>> = {
  'with numbers': (_, ago) => `pypi.log.${ago}`,
  'with numbers, compressed later': (_, ago) => `pypi.log.${ago}${ago > 1 ? '.gz' : ''}`,
  'with dateext': (day) => `pypi.log-${dayOf(day).replaceAll('-', '')}`,
  'with a dateformat': (day) => `pypi.log-${dayOf(day)}`,
  'with a dateformat of seconds': (day) =>
    `pypi.log-${dayOf(day).replaceAll('-', '')}-${Date.parse(dayOf(day)) / 1000 + 86_400}`,
  'with dates, compressed': (day) => `pypi.log.${dayOf(day)}.gz`,
  'before the extension': (day) => `pypi-${dayOf(day)}.log.bz2`,
  'into a folder of old logs': (_, ago) => `old/pypi.log.${ago}`,
};

for (const [what, nameOf] of Object.entries(rotations)) {
  t.test(`logs that are rotated ${what}, and of which a run sees the newest only`, async (t) => {
    const stats = newStats(t);
    mkdirSync(stats.path('old'));
    for (let day = 1; day <= 10; day += 1) {
      for (let ago = day - 1; ago > 1 && nameOf(1, 1) === nameOf(2, 1); ago -= 1) {
        await stats.write(nameOf(0, ago), stats.text(nameOf(0, ago - 1)));
      }
      if (day > 1) await stats.write(nameOf(day - 1, 1), stats.text('pypi.log'));
      await stats.write('pypi.log', alike + logOf([dayOf(day)], day));
      // Some runs are missed.
      if (day % 3 !== 1) continue;
      t.same((await stats.run('pypi.log')).failures, []);
      appendFileSync(stats.path('pypi.log'), logOf([dayOf(day)], 20));
    }
    t.same(
      await stats.counts(),
      Object.fromEntries([2, 3, 4, 5, 6, 7, 8, 9].map((day) => [dayOf(day), day + (day % 3 === 1 ? 20 : 0)])),
    );
  });
}

for (const [what, nameOf] of Object.entries({
  rotatelogs: (day: number) => `pypi.log.${Date.parse(dayOf(day)) / 1000}`,
  'rotatelogs with a date': (day: number) => `pypi.${dayOf(day)}.log`,
  cronolog: (day: number) => `${dayOf(day).replaceAll('-', '/')}/pypi.log`,
})) {
  t.test(`logs that are named by their dates by ${what}: those of days on which nothing ran are found`, async (t) => {
    const stats = newStats(t);
    const write = (day: number, text: string): void => {
      const path = stats.path(nameOf(day));
      mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true });
      writeFileSync(path, text);
    };
    for (let day = 29; day <= 38; day += 1) {
      write(day, alike + logOf([dayOf(day)], day));
      if (day % 4 > 1) continue;
      t.same((await stats.run(nameOf(day))).failures, []);
      appendFileSync(stats.path(nameOf(day)), logOf([dayOf(day)], 50));
    }
    write(39, logOf([dayOf(39)]));
    t.same((await stats.run(nameOf(39))).failures, []);
    const days = [29, 30, 31, 32, 33, 34, 35, 36, 37, 38];
    t.same(await stats.counts(), Object.fromEntries(days.map((day) => [dayOf(day), day + (day % 4 > 1 ? 0 : 50)])));
    stats.remove(nameOf(39));
    write(41, logOf([dayOf(41)]));
    t.match((await stats.run(nameOf(41))).failures, [
      /pypi\.log: the log that was read until 2026-11-08T12:00Z is gone/,
    ]);
    t.same((await stats.run(nameOf(41))).failures, [], 'it is told once');
  });
}

t.test('logs that begin alike are told apart, and known again when they grow and are renamed', async (t) => {
  const stats = newStats(t);
  const names = ['a.log', 'b.log', 'pypi.log.1', 'pypi.log'];
  const texts = names.map((_, at) => alike + logOf([dayOf(1), dayOf(2)], at + 1));
  for (const [at, name] of names.entries()) await stats.write(name, texts[at] ?? '');
  await stats.run(...names);
  for (const [at, name] of names.entries()) await stats.write(name, texts[at] + logOf([dayOf(2), dayOf(3)], 10 + at));
  for (let runs = 0; runs < 2; runs += 1) {
    t.same((await stats.run(...names)).failures, []);
    t.same(await stats.counts(), { [dayOf(2)]: 1 + 2 + 3 + 4 + 10 + 11 + 12 + 13 });
    for (const [at, name] of ['a.log', 'b.log'].entries()) {
      if (runs === 0) renameSync(stats.path(name), stats.path(`${name}.1`));
      names[at] = `${name}.1`;
    }
  }
  await stats.write('c.log.gz', alike + logOf([dayOf(2)], 100));
  await stats.run('c.log.gz', 'c.log.gz');
  t.same(await stats.counts(), { [dayOf(2)]: 156 });
});

t.test('logs of one line each, the same but for what follows', async (t) => {
  const stats = newStats(t);
  const first = logLine({ at: dayOf(2) });
  const around = [logOf([dayOf(1)]), logOf([dayOf(3)])] as const;
  await stats.write('other.log', around.join(''));
  await stats.write('a.log', first + logOf([dayOf(2)], 2));
  await stats.write('b.log', first + logLine({ at: `${dayOf(2)}T13:00:00` }));
  await stats.run('other.log', 'a.log', 'b.log');
  t.same(await stats.counts(), { [dayOf(2)]: 5 });
});

t.test('a log that is copied and truncated, while a run reads it and after', async (t) => {
  const stats = newStats(t);
  const [log, old] = [stats.path('pypi.log'), stats.path('pypi.log.1')];
  for (let day = 1; day <= 6; day += 1) {
    appendFileSync(log, alike + logOf([dayOf(day)], 3));
    await stats.run('pypi.log');
    appendFileSync(log, logOf([dayOf(day)], 2));
    // Half of it is copied.
    writeFileSync(old, readFileSync(log).subarray(0, readFileSync(log).length - 300));
    t.same((await stats.run('pypi.log.1', 'pypi.log')).failures, []);
    copyFileSync(log, old);
    // This one is lost to logrotate, not to us.
    appendFileSync(log, logOf([dayOf(day)]));
    t.same((await stats.run('pypi.log', 'pypi.log.1')).failures, []);
    truncateSync(log);
  }
  appendFileSync(log, logOf([dayOf(7)]));
  t.same((await stats.run('pypi.log')).notices.length, 0);
  t.same(await stats.counts(), Object.fromEntries([2, 3, 4, 5, 6].map((day) => [dayOf(day), 6])));
});

t.test('logs that are copied and truncated between the search for them and their turn', async (t) => {
  const stats = newStats(t);
  const log = stats.path('pypi.log');
  await stats.write('pypi.log', alike + logOf([dayOf(1)], 3));
  await stats.run('pypi.log');
  appendFileSync(log, logOf([dayOf(2)], 4));
  await stats.write('new.log', logOf([dayOf(2)], 5));
  const { job, close } = stats.open();
  const files = new LogFiles(bzip2);
  let rotations = 0;
  const logs = {
    ...job.logs,
    open: (path: string) => files.open(path),
    rotated: (series: string) => files.rotated(series),
    series: (path: string) => {
      if (path === log && rotations === 0) {
        rotations += 1;
        for (const name of ['pypi.log', 'new.log']) {
          copyFileSync(stats.path(name), stats.path(`${name}.1`));
          truncateSync(stats.path(name));
          appendFileSync(stats.path(name), logOf([dayOf(3)], name === 'new.log' ? 6 : 7));
        }
      }
      return files.series(path);
    },
  };
  const names = ['new.log', 'new.log.1', 'pypi.log'];
  await stats.write('new.log.1', logOf([dayOf(1)]));
  t.same(
    (
      await processLogs(
        names.map((name) => stats.path(name)),
        { ...job, logs },
      )
    ).failures,
    [],
  );
  close();
  appendFileSync(log, logOf([dayOf(4)]));
  t.same((await stats.run(...names)).failures, []);
  t.same(await stats.counts(), { [dayOf(2)]: 9, [dayOf(3)]: 13 });
});

t.test('a server that writes on at its old position leaves zeros, and every line behind them counts', async (t) => {
  const stats = newStats(t);
  let written = 0;
  for (let day = 1; day <= 5; day += 1) {
    const zeros = '\0'.repeat(written);
    const text = alike + logOf([dayOf(day)], 300);
    await stats.write('pypi.log', zeros + text.slice(0, text.length / 2));
    t.same((await stats.run('pypi.log')).failures, []);
    await stats.write('pypi.log', zeros + text);
    t.same((await stats.run('pypi.log')).failures, []);
    await stats.write(`pypi.log-${dayOf(day)}.gz`, zeros + text);
    written += text.length;
  }
  await stats.write('pypi.log', logOf([dayOf(6)]));
  await stats.run('pypi.log');
  t.same(await stats.counts(), { [dayOf(2)]: 300, [dayOf(3)]: 300, [dayOf(4)]: 300, [dayOf(5)]: 300 });
  t.match(stats.summary().lines.skipped, { address: 300 });
  t.same(Object.keys(stats.summary().lines.skipped), ['address'], 'no zero is a line');
});

t.test('a log that is compressed while it is read is counted once', async (t) => {
  const stats = newStats(t);
  const text =
    alike + Array.from({ length: 3000 }, (_, at) => logLine({ at: dayOf(2), file: `foo-${at}.zip` })).join('');
  await stats.write('other.log', logOf([dayOf(1), dayOf(3)]));
  await stats.write('pypi.log.1', text.slice(0, text.length - 5000));
  await stats.run('other.log', 'pypi.log.1');
  await stats.write('pypi.log.1', text);
  const packed = gzipSync(text);
  for (const part of [0.1, 0.5, 0.9, 1]) {
    writeFileSync(stats.path('pypi.log.1.gz'), packed.subarray(0, packed.length * part));
    for (const order of [
      ['pypi.log.1', 'pypi.log.1.gz'],
      ['pypi.log.1.gz', 'pypi.log.1'],
    ])
      t.same((await stats.run(...order)).failures, []);
    t.same(await stats.counts(), { [dayOf(2)]: 3000 });
  }
  stats.remove('pypi.log.1');
  await stats.run('pypi.log.1.gz');
  t.same(await stats.counts(), { [dayOf(2)]: 3000 });
});

for (const order of [
  ['pypi.log', 'pypi.log.1'],
  ['pypi.log.1', 'pypi.log'],
]) {
  t.test(`logs that are rotated between two that are opened, ${order[0]} first`, async (t) => {
    const stats = newStats(t);
    await stats.write('pypi.log.1', logOf([dayOf(1)]));
    await stats.run('pypi.log.1');
    await stats.write('pypi.log', logOf([dayOf(2)], 2));
    const { job, close } = stats.open();
    let opened = 0;
    const files = new LogFiles(bzip2);
    const logs = {
      ...job.logs,
      series: (path: string) => files.series(path),
      rotated: (series: string) => files.rotated(series),
      open: (path: string) => {
        opened += 1;
        if (opened === 2) {
          renameSync(stats.path('pypi.log.1'), stats.path('pypi.log.2'));
          renameSync(stats.path('pypi.log'), stats.path('pypi.log.1'));
          writeFileSync(stats.path('pypi.log'), logOf([dayOf(3)], 3));
        }
        return files.open(path);
      },
    };
    await processLogs(
      order.map((name) => stats.path(name)),
      { ...job, logs },
    );
    close();
    appendFileSync(stats.path('pypi.log'), logOf([dayOf(4)]));
    t.same((await stats.run(...order)).failures, []);
    t.same(await stats.counts(), { [dayOf(2)]: 2, [dayOf(3)]: 3 });
  });
}

t.test('logs that are rotated while they are looked for', async (t) => {
  const stats = newStats(t);
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2)]));
  await stats.run('pypi.log');
  appendFileSync(stats.path('pypi.log'), logOf([dayOf(2)], 4));
  renameSync(stats.path('pypi.log'), stats.path('pypi.log.2'));
  await stats.write('pypi.log.1', logOf([dayOf(3)], 3));
  await stats.write('pypi.log', logOf([dayOf(4)]));
  const { job, close } = stats.open();
  const files = new LogFiles(bzip2);
  let rotations = 0;
  const logs = {
    ...job.logs,
    series: (path: string) => files.series(path),
    open: (path: string) => files.open(path),
    rotated: async (series: string) => {
      const found = await files.rotated(series);
      rotations += 1;
      if (rotations === 1) {
        for (const ago of [2, 1]) renameSync(stats.path(`pypi.log.${ago}`), stats.path(`pypi.log.${ago + 1}`));
        renameSync(stats.path('pypi.log'), stats.path('pypi.log.1'));
        writeFileSync(stats.path('pypi.log'), '');
      }
      return found;
    },
  };
  t.same((await processLogs([stats.path('pypi.log')], { ...job, logs })).failures, []);
  close();
  t.same(await stats.counts(), { [dayOf(2)]: 5, [dayOf(3)]: 3 });
});

t.test('a log that was rotated is read on, when its server writes to it for a while', async (t) => {
  const stats = newStats(t);
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(2)]));
  await stats.run('pypi.log');
  renameSync(stats.path('pypi.log'), stats.path('pypi.log.1'));
  await stats.write('pypi.log', logOf([dayOf(2)]));
  await stats.run('pypi.log', 'pypi.log.1');
  // A download that began long before it ended.
  appendFileSync(stats.path('pypi.log.1'), logOf([dayOf(2)], 4));
  renameSync(stats.path('pypi.log.1'), stats.path('pypi.log.3'));
  renameSync(stats.path('pypi.log'), stats.path('pypi.log.2'));
  // The first line of a log may be older than the last one of the log before it.
  await stats.write('pypi.log.1', logLine({ at: `${dayOf(2)}T11:00:00` }) + logOf([dayOf(3)], 7));
  await stats.write('pypi.log', logOf([dayOf(4)]));
  t.same((await stats.run('pypi.log')).failures, []);
  t.same(await stats.counts(), { [dayOf(2)]: 7, [dayOf(3)]: 7 });
});

t.test('a log of the time before the first run is not asked for', async (t) => {
  const stats = newStats(t);
  await stats.write('pypi.log.2', logOf([dayOf(1)], 50));
  await stats.write('pypi.log', logOf([dayOf(2)]));
  await stats.run('pypi.log');
  renameSync(stats.path('pypi.log.2'), stats.path('pypi.log.3'));
  renameSync(stats.path('pypi.log'), stats.path('pypi.log.1'));
  await stats.write('pypi.log', logOf([dayOf(3), dayOf(4)]));
  t.same((await stats.run('pypi.log')).failures, []);
  t.same(await stats.counts(), { [dayOf(3)]: 1 });
  t.equal(stats.summary().lines.read, 3);
});

t.test('a later log that cannot be read is told, and an earlier one is not', async (t) => {
  const stats = newStats(t);
  const unreadable = Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const write = (name: string, day: number): void => {
    writeFileSync(stats.path(name), unreadable);
    const time = Date.parse(dayOf(day)) / 1000;
    utimesSync(stats.path(name), time, time);
  };
  await stats.write('pypi.log', logOf([dayOf(1), dayOf(3)]));
  await stats.run('pypi.log');
  renameSync(stats.path('pypi.log'), stats.path('pypi.log.3'));
  write('pypi.log.4.gz', 2);
  write('pypi.log.2.gz', 5);
  await stats.write('pypi.log', logOf([dayOf(6)]));
  t.match((await stats.run('pypi.log')).failures, [/pypi\.log\.2\.gz: cannot be read: /]);
  stats.remove('pypi.log.3');
  stats.remove('pypi.log');
  write('pypi.log.1.gz', 7);
  await stats.write('pypi.log', logOf([dayOf(8)]));
  t.match((await stats.run('pypi.log')).failures, [/pypi\.log\.1\.gz: cannot be read: /, /is gone; what came later/]);
});

t.test('what an older version has remembered of a log is known', async (t) => {
  const stats = newStats(t);
  const text = alike + logOf([dayOf(1), dayOf(2)], 4);
  await stats.write('pypi.log', text);
  const { job, close } = stats.open();
  const log = { id: undefined, head: Buffer.from(text), series: stats.path('pypi.log'), latest: 1 };
  job.state.count({ ...log, position: text.length }, [], new Int32Array());
  close();
  await stats.write('pypi.log', text + logOf([dayOf(2), dayOf(3)]));
  await stats.run('pypi.log');
  t.same(await stats.counts(), {});
  t.equal(stats.summary().lines.read, 2);
});

import t from 'tap';
import { seriesOf } from '../../../src/files/logs/log-series.ts';

t.test('what rotation makes of a name is of the same series', async (t) => {
  for (const path of [
    '/var/log/apache2/pypi.log',
    // logrotate: numbers, dateext, dateformat, extension, olddir, and what it compresses by.
    ...['pypi.log.1', 'pypi.log.14.gz', 'pypi.log.0', 'pypi.log.2.xz', 'pypi.log.3.zst', 'pypi.log.4.bz2'],
    ...['pypi.log-20261024', 'pypi.log-2026-10-24', 'pypi.log-20261024-1761300000', 'pypi.log.2026-10-25.gz'],
    ...['pypi.log-20261024.gz', 'pypi.log-2026102423', 'pypi.log-20261024_235959', 'pypi.log-2026-10-24T23:59:59Z'],
    ...['pypi.log-1761300000', 'pypi.log-24Oct2026', 'pypi.log-24-10-2026', 'pypi.log_20261024', 'pypi.log-2026.10.24'],
    ...['pypi-20261024.log', 'pypi.1.log', 'pypi.2.log.gz', 'pypi-2026-10-24.log.xz', 'pypi.log-20261024.1.gz'],
    ...['old/pypi.log.1', 'archive/pypi.log-20261024.gz'],
    // Scripts, and weeks.
    ...['pypi.log.old', 'pypi.log-old.gz', 'pypi.log.bak', 'pypi.log_prev', 'pypi.log.OLD', 'pypi.log.old.1'],
    ...['pypi.log-Fri', 'pypi.log.Fri', 'pypi.Sun.log', 'pypi.log.Wednesday', 'pypi.log-Tue.gz'],
    // rotatelogs and cronolog.
    ...['pypi.log.1761300000', 'pypi.1761300000.log', 'pypi.log.2026.10.24', 'pypi.log.2026-10-24-00_00_00'],
    ...['2026-10-24-pypi.log', '20261024_pypi.log', 'pypi.2026-W43.log', 'pypi-202610.log', 'pypi.2026.log'],
    ...['2026/10/24/pypi.log', '2026/10/24/23/pypi.log', '2026-10/pypi-24.log'.replace('-24', '-2026-10-24')],
    ...['2026/Oct/pypi.log', '20261024/pypi.log', '2026/10/24-pypi.log'.replace('24-', '2026-10-24-')],
  ])
    t.equal(seriesOf(path.startsWith('/') ? path : `/var/log/apache2/${path}`), '/var/log/apache2/pypi.log', path);
});

t.test('another virtual host is another series', async (t) => {
  const names = [
    ...['pypi.log', 'pypi2.log', 'pypi-ssl.log', 'pypi_access.log', 'pypi-error.log', 'pypi-old.log'],
    ...['192.0.2.1.log', '192.0.2.2.log', 'v3.12.log', 'v3.13.log', 'host-1.log', 'host-2.log', 'pypi-8080.log'],
    ...['sun.log', 'pypi-sun.log', 'Sun-pypi.log', 'Fripypi.log', 'pypi-1.log', 'bak.log'],
    ...['a/pypi.log', 'b/pypi.log', '1/pypi.log', '10/pypi.log'],
  ];
  const series = names.map((name) => seriesOf(`/logs/${name}`));
  t.equal(new Set(series).size, names.length, series.join(' '));
});

t.test('only the folders right above a log are what rotation makes', async (t) => {
  for (const folder of ['/backup/logs', '/srv/old/.data/log', '/data/2026/apache2', '/mnt/archive/2026/10/x']) {
    for (const name of ['pypi.log', 'pypi.log.1', 'old/pypi.log.2.gz', '2026/10/pypi.log'])
      t.equal(seriesOf(`${folder}/${name}`), `${folder}/pypi.log`);
  }
});

t.test('hostile names are read in no time', async (t) => {
  const started = process.cpuUsage();
  for (const piece of ['2026', '-2026-10-24', '.1', '2026-10-', '0', '.gz', '/2026/10']) seriesOf(piece.repeat(1000));
  const { user, system } = process.cpuUsage(started);
  t.ok(user + system < 1e6);
});

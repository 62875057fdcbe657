import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import t from 'tap';

const lines = readFileSync(new URL('../../apache/crontab', import.meta.url), 'utf8').split('\n');

t.test(
  'the crontab sets bash and a PATH that finds node, then runs the mirror every quarter of an hour, and logs and checks daily',
  async (t) => {
    t.same(
      lines.filter((line) => line !== '' && !line.startsWith('#')),
      [
        'SHELL=/bin/bash',
        'PATH=/usr/local/bin:/usr/bin:/bin',
        '*/15 * * * * /usr/local/lib/pep381client/pep381run -q /var/pypi',
        '10 7 * * * /usr/local/lib/pep381client/processlogs /var/pypi /var/log/apache2/pypi.log{,.1}',
        '40 3 * * * /usr/local/lib/pep381client/pep381checkfiles -q --subset auto /var/pypi',
      ],
    );
  },
);

t.test('the line for processlogs names both logs once bash has expanded it', async (t) => {
  const line = lines.find((line) => line.includes('processlogs /')) ?? '';
  const command = line.split(' ').slice(5).join(' ');
  t.equal(
    execFileSync('/bin/bash', ['-c', `echo ${command}`], {
      encoding: 'utf8',
    }),
    '/usr/local/lib/pep381client/processlogs /var/pypi /var/log/apache2/pypi.log /var/log/apache2/pypi.log.1\n',
  );
});

t.test('no command holds a percent sign, which cron takes for a line break', async (t) => {
  t.notMatch(lines.join('\n'), '%');
});

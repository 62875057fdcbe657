/** The lines of the shipped crontab, run as cron runs them: by bash, and by dash where somebody drops the first line. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { isInSubset } from '../../src/check/subset.ts';
import { programsOrReason } from '../fixtures/programs.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeWheel } from '../sample/distributions.ts';
import { logOf } from '../stats/log-text.ts';
import { openBundle } from './bundle.ts';
import { openSample } from './opened-sample.ts';
import { run } from './program.ts';

const programs = await openBundle();
const crontab = readFileSync(new URL('../../apache/crontab', import.meta.url), 'utf8');
const commands = crontab
  .split('\n')
  .flatMap((line) => (/^[*\d]/.test(line) ? [line.split(' ').slice(5).join(' ')] : []));

/** The name of a project that belongs to the third of thirty shares. */
const ofThirdNight =
  Array.from({ length: 1000 }, (_, number) => `project-${number}`).find((name) =>
    isInSubset(name, { number: 3, of: 30 }),
  ) ?? '';

t.test('every line of the crontab runs without output, and a check finds damage', async (t) => {
  t.equal(commands.length, 3);
  for (const shell of ['bash', 'dash'] as const) {
    t.test(shell, programsOrReason(shell), async (t) => {
      const index = smallIndex();
      index.publish(makeWheel({ name: ofThirdNight, version: '1.0' }));
      const { server, target } = await openSample(t, join(programs, 'pep381run'), index);
      mkdirSync(target, { recursive: true });
      writeFileSync(join(target, 'mirror.toml'), `upstream = "${server.url}"\n`);
      const log = join(target, '../pypi.log');
      writeFileSync(log, logOf(['2026-11-21', '2026-11-22']));
      writeFileSync(`${log}.1`, logOf(['2026-11-20', '2026-11-21']));
      const here = (command: string): string =>
        command
          .replace('/usr/local/lib/pep381client', programs)
          .replace('/var/pypi', `'${target}'`)
          .replace('/var/log/apache2/pypi.log', `'${log}'`);
      for (const command of commands) {
        const ended = await run('-c', [here(command)], { command: shell });
        t.same(ended, { code: 0, stdout: '', stderr: '' }, command);
      }
      // One shell shows what the same command does later.
      if (shell !== 'bash') return;
      // The first night is over. A month of nights is in test/check/subsets.test.ts.
      const check = commands.find((command) => command.includes('checkfiles')) ?? '';
      const page = join(target, 'web/simple', ofThirdNight);
      rmSync(join(page, 'index.html'));
      const codes: unknown[] = [];
      for (let night = 2; night <= 4; night += 1) {
        const { code, stdout } = await run('-c', [here(check)], { command: shell });
        codes.push(code);
        t.equal(stdout.startsWith(`Missing index.html for ${page}\n`), night === 3, stdout);
      }
      t.same(codes, [0, 1, 0], 'in the night whose share it is');
    });
  }
});

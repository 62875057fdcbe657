/** The lines of the shipped crontab, run as cron runs them: by bash, and by dash where somebody drops the first line. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { programsOrReason } from '../fixtures/programs.ts';
import { logOf } from '../stats/log-text.ts';
import { openBundle } from './bundle.ts';
import { openSample } from './opened-sample.ts';
import { run } from './program.ts';

const programs = await openBundle();
const crontab = readFileSync(new URL('../../apache/crontab', import.meta.url), 'utf8');
const commands = crontab
  .split('\n')
  .flatMap((line) => (/^[*\d]/.test(line) ? [line.split(' ').slice(5).join(' ')] : []));

t.test('every line of the crontab runs without output, and a check finds damage', async (t) => {
  t.equal(commands.length, 3);
  for (const shell of ['bash', 'dash'] as const) {
    t.test(shell, programsOrReason(shell), async (t) => {
      const { server, target } = await openSample(t, join(programs, 'pep381run'));
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
      // One shell will do for a month of nights.
      if (shell === 'dash') return;
      const check = commands.find((command) => command.includes('checkfiles')) ?? '';
      rmSync(join(target, 'web/simple/sample-base/index.html'));
      const lines: string[] = [];
      for (let share = 2; share <= 31; share += 1) {
        const { code, stdout } = await run('-c', [here(check)], { command: shell });
        if (code !== 0) lines.push(stdout);
      }
      const missing = `Missing index.html for ${target}/web/simple/sample-base\n`;
      t.same([lines.length, lines[0]?.startsWith(missing)], [1, true], 'once in thirty nights');
    });
  }
});

import t from 'tap';
import { parseConfigFile } from '../../../src/cli/config/config-file.ts';
import { type Hooks, noHooks } from '../../../src/cli/config/hooks.ts';
import { settingsFrom } from '../../../src/cli/config/settings.ts';

const hooksOf = (toml: string): Hooks => settingsFrom(parseConfigFile(toml, 'mirror.toml').given).hooks;

t.test('without the section nothing is started', async (t) => {
  t.same(hooksOf(''), noHooks);
  t.same(hooksOf('[hooks]\n'), noHooks);
});

t.test('a hook is a list of a program and its arguments', async (t) => {
  const toml = '[hooks]\nafter-run = ["/bin/a", "", "b c"]\non-alarm = ["/bin/d"]\ntimeout-seconds = 5\n';
  t.same(hooksOf(toml), { afterRun: ['/bin/a', '', 'b c'], onAlarm: ['/bin/d'], timeoutSeconds: 5 });
});

t.test('what is no hook is refused, with its line', async (t) => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['after-run = "/bin/a"', /^mirror\.toml:2: hooks\.after-run: expected a list of a program and its arguments, such/],
    ['after-run = []', /^mirror\.toml:2: hooks\.after-run: expected a list/],
    ['after-run = ["purge"]', /hooks\.after-run: expected the absolute path of a program, found "purge"/],
    ['after-run = ["/bin/a", 1]', /hooks\.after-run: expected a text, found 1/],
    ['after-run = ["/bin/a\\u0000"]', /expected a text/],
    ['\nafter-runs = ["/bin/a"]', /^mirror\.toml:3: hooks: unknown key after-runs; did you mean after-run\?/],
    ['timeout-seconds = 0', /hooks\.timeout-seconds: expected a whole number/],
    ['timeout-seconds = 3601', /expected a whole number from 1 to 3600, found 3601/],
  ];
  for (const [line, message] of refused) t.throws(() => hooksOf(`[hooks]\n${line}\n`), { message }, line);
  t.throws(() => hooksOf('hooks = 1\n'), { message: /^mirror\.toml:1: hooks: expected a table \[hooks\], found 1/ });
});

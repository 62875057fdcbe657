/** What a person sees while `npm start` and `npm run build` install: in a real terminal, with an npm of the test. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { until } from '../e2e/program.ts';
import { runInTerminal, terminalOrReason } from '../e2e/terminal.ts';
import { openCheckout } from './checkout.ts';

t.test('a line with the elapsed seconds stays below what programs print', terminalOrReason(), async (t) => {
  const checkout = openCheckout(t);
  checkout.install('unfit');
  renameSync(join(checkout.folder, 'node_modules'), join(checkout.folder, 'packages'));
  const load = "echo 'module.exports = class { close() {} };' >node_modules/better-sqlite3/index.js";
  const wait = "printf 'a warning\\nhalf a' >&2; while ! [ -e go ]; do /bin/sleep 0.05; done; echo ' line' >&2";
  checkout.program(
    'npm',
    `case $1 in ci) ${wait}; /bin/mv packages node_modules;; rebuild) while ! [ -e on ]; do /bin/sleep 0.05; done; ${load};; esac`,
  );
  const node = [process.execPath, join(checkout.folder, 'scripts/developer/setup.mjs')];
  const terminal = runInTerminal(t, 75, ['env', `PATH=${checkout.programs}`, ...node]);
  const installing = 'Installing the packages of package-lock.json.';
  const isInstalling = (line = ''): boolean => line.startsWith(installing) && / [1-9]\d* s$/.test(line);
  await until('the second second', () => isInstalling(terminal.screen().at(-1)));
  const [said, step, ...more] = terminal.screen();
  t.same([said, isInstalling(step), more], ['a warning', true, []]);
  writeFileSync(join(checkout.folder, 'go'), '');
  const cut = /^Building SQLite for Node\.js v[\d.]+: a minute or two where it has to\b.{0,12}… [1-9]\d* s$/;
  await until('the second step', () => cut.test(terminal.screen().at(-1) ?? ''));
  writeFileSync(join(checkout.folder, 'on'), '');
  t.equal(await terminal.ended, 0);
  const [warning, line, installed, ...rest] = terminal.screen();
  t.same([warning, line], ['a warning', 'half a line']);
  t.match(installed, /^Installing the packages of package-lock\.json\. \d+ s$/);
  // The terminal breaks these lines, as they are longer than it is wide.
  const building = /^Should it .*: missing here: python3.*\)\.Building SQLite for .* to be compiled\. \d+ s$/;
  t.match(rest.join(''), building, 'each once, and whole');
});

/** The manual pages, and the tables of README.md that come from the same sources. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { documented, manPages, readmeTables, readmeVariables } from '../../scripts/developer/man-pages.ts';
import { mdocOf } from '../../scripts/developer/mdoc.ts';
import { syncVariableTexts } from '../../src/cgi/sync-manual.ts';
import { checkHelp, checkOptions } from '../../src/cli/config/check-options.ts';
import { exampleConfig } from '../../src/cli/config/example-config.ts';
import { logsHelp, logsOptions } from '../../src/cli/config/logs-options.ts';
import { runHelp, runOptions } from '../../src/cli/config/run-options.ts';
import { programsOrReason } from '../fixtures/programs.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const readme = read('README.md');
const { version } = JSON.parse(read('package.json')) as { version: string };
const texts = Object.fromEntries(
  readdirSync(new URL('scripts/man', root)).map((name) => [name.replace(/\.md$/, ''), read(`scripts/man/${name}`)]),
);
const pages = manPages({ readme, texts, version });
const programs = {
  pep381run: { help: runHelp, forms: Object.keys(runOptions) },
  pep381checkfiles: { help: checkHelp, forms: Object.keys(checkOptions) },
  processlogs: { help: logsHelp, forms: Object.keys(logsOptions) },
};
/** With `CI=true` a missing mandoc is an error, so that no pipeline leaves these tests out without anybody noticing. */
const mandoc = process.env.CI === 'true' ? { skip: false as const } : programsOrReason('mandoc');

/** Returns what a reader of the page sees, on one line. */
function shown(t: Test, name: string): string {
  return rendered(t, name).replaceAll(/\s+/g, ' ');
}

function rendered(t: Test, name: string): string {
  const file = join(t.testdir({ [name]: pages[name] ?? '' }), name);
  const { status, stdout, stderr } = spawnSync('mandoc', ['-Tutf8', '-Owidth=80', file], { encoding: 'utf8' });
  t.same([status, stderr], [0, '']);
  return plain(stdout);
}

/** Bold and underlined letters are printed twice, with a backspace between. */
function plain(printed: string): string {
  return printed.replaceAll(/.[\b]/g, '');
}

t.test('README.md has the tables of options, exit codes and variables as the sources say', async (t) => {
  t.same(documented, Object.keys(programs));
  for (const program of documented) {
    const { options, exits } = readmeTables(program);
    t.equal(tableBelow(program, 'option'), options, `the options of ${program}`);
    t.equal(tableBelow(program, 'exit code'), exits, `the exit codes of ${program}`);
  }
  t.equal(tableBelow('pep381sync.cgi', 'setting, with `SetEnv`'), readmeVariables());
});

/** Returns the table of README.md with this head, below the heading of a program. */
function tableBelow(program: string, head: string): string {
  const [, section = ''] = readme.split(`\n## ${program}\n`);
  return /^(?:\|.*\n)*/.exec(section.slice(section.indexOf(`| ${head} |`)))?.[0] ?? '';
}

t.test('every option of --help is in the table that README.md and page come from', async (t) => {
  for (const { help, forms } of Object.values(programs)) {
    const inHelp = [...help.matchAll(/^ {2}(-\S+(?: \S+)*?)(?= {2})/gm)].map(([, form]) => form);
    t.same(inHelp, forms);
  }
});

t.test('there is a page for every program and for mirror.toml', async (t) => {
  const names = ['mirror.toml.5', 'pep381checkfiles.1', 'pep381run.1', 'pep381sync.cgi.8', 'processlogs.1'];
  t.same(Object.keys(pages).sort(), names);
});

t.test('mandoc finds nothing wrong with a page', mandoc, async (t) => {
  const folder = t.testdir(pages);
  for (const name of Object.keys(pages)) {
    const { stdout, stderr } = spawnSync('mandoc', ['-Tlint', join(folder, name)], { encoding: 'utf8' });
    t.equal(stderr, '');
    // The pages that it refers to are not installed here.
    t.same(
      stdout.split('\n').filter((line) => line !== '' && !line.includes('referenced manual not found')),
      [],
      name,
    );
  }
});

t.test('a page shows every option, exit code, setting and variable, and no Markdown', mandoc, async (t) => {
  for (const [program, { forms }] of Object.entries(programs)) {
    const text = shown(t, `${program}.1`);
    for (const form of forms) t.ok(text.includes(` ${form} `), `${program} ${form}`);
    for (const code of [0, 1, 4, 70]) t.match(text, new RegExp(`EXIT STATUS.* ${code} [A-Z]`), `${program} ${code}`);
  }
  const config = shown(t, 'mirror.toml.5');
  for (const [, setting = ''] of exampleConfig.matchAll(/^#(\S.*)$/gm)) t.ok(config.includes(setting), setting);
  const sync = shown(t, 'pep381sync.cgi.8');
  for (const name of Object.keys(syncVariableTexts)) t.ok(sync.includes(` ${name} `), name);
  for (const name of Object.keys(pages)) {
    t.notMatch(rendered(t, name), /\]\(|\*\*|\{\{|\|---|`\w|^ *##+ /m, name);
  }
});

t.test('the text of a page fits into 80 columns', mandoc, async (t) => {
  for (const name of Object.keys(pages)) {
    const long = rendered(t, name)
      .split('\n')
      .filter((line) => line.length > 80);
    // Lines to be typed stay whole.
    t.same(
      long.filter((line) => !/^ {11}\S/.test(line)),
      [],
      name,
    );
  }
});

t.test('a page is of the date of its version, whenever it is made', async (t) => {
  t.match(pages['pep381run.1'], /^\.Dd [A-Z][a-z]+ \d{1,2}, 20\d\d$/m);
  t.same(manPages({ readme, texts, version }), pages);
  t.throws(() => manPages({ readme, texts, version: '0.0' }), /the changes in README\.md do not say "\*\*0\.0\*\* \(/);
});

t.test('a section that README.md does not have is named', async (t) => {
  t.throws(
    () => manPages({ readme, texts: { 'x.1': '# x\n\n## Y\n\n{{README: Nowhere}}\n' }, version }),
    /^README\.md has no section "Nowhere", which a page of man\/ takes from it$/,
  );
});

t.test('text is text, whatever it looks like to a formatter', mandoc, async (t) => {
  const odd = ".Sh no macro `a\\b` \\fBx ~/.netrc 'one'. 'Two' – “three” `it's ~/x^2` and `--quiet`.";
  const page = ['.Dd May 1, 2026', '.Dt X 1', '.Os', '.Sh NAME', '.Nm x', '.Nd x', ...mdocOf(`## Y\n\nAs ${odd}`)];
  const file = join(t.testdir({ 'x.1': `${page.join('\n')}\n` }), 'x.1');
  const { stdout } = spawnSync('mandoc', ['-Tutf8', '-Owidth=200', file], { encoding: 'utf8' });
  const text = plain(stdout).replaceAll(/\s+/g, ' ');
  t.ok(text.includes(`As ${odd.replaceAll('`', '')} `), text);
});

/** Runs that end before they begin: what the pages, the status and the metrics say of them. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeWheel } from '../sample/distributions.ts';
import { openBundle } from './bundle.ts';
import { openMirrored } from './opened-sample.ts';
import { until } from './program.ts';
import { runHere } from './run-here.ts';

const program = join(await openBundle(), 'pep381run');

/** Returns the sentence on a page that says whether all is well. */
function verdictOn(target: string, page: string): string {
  const [, sentence = ''] = /<p class="verdict">(.*?)<\/p>/.exec(readFileSync(join(target, 'web', page), 'utf8')) ?? [];
  return sentence;
}

const pages = ['index.html', 'status/index.html'];

t.test('a run that is refused because of a setting shows until a run is not', async (t) => {
  const { server, target, mirror, mirrorHere } = await openMirrored(t, program, smallIndex);
  const metrics = join(target, '../pep381.prom');
  const config = join(target, 'mirror.toml');
  const secret = `[[rule]]\nprojects = ["acme-secret"]\nupstream = "https://nexus.corp.example/simple/"\n`;
  const cases = [
    ['projects = ["alpha"', /mirror\.toml/],
    ['projects = []', /projects: expected a list/],
    ['wrokers = 3', /wrokers/],
  ] as const;
  for (const [at, [wrong, reason]] of cases.entries()) {
    writeFileSync(config, `metrics-file = "${metrics}"\n${wrong}\n${secret}`);
    t.match(await (at === 0 ? mirror : mirrorHere)('-q'), { code: 2, stderr: reason });
    for (const page of pages) {
      t.equal(verdictOn(target, page), 'Not well: the last run was refused, because of a setting.', wrong);
      t.notMatch(readFileSync(join(target, 'web', page), 'utf8'), /acme|nexus/);
    }
    const status = JSON.parse(readFileSync(join(target, 'web/mirror-status.json'), 'utf8')) as Record<string, unknown>;
    t.match(status, { 'exit-code': 2, upstream: server.url, projects: 3 });
    t.not((await runHere('--status', '--check', target)).code, 0, 'monitoring hears of it');
  }
  t.match(readFileSync(metrics, 'utf8'), /^pep381_last_run_exit_code\{.*\} 2$/m);

  writeFileSync(config, '');
  t.same(await mirrorHere('-q'), { code: 0, stdout: '', stderr: '' });
  for (const page of pages) t.match(verdictOn(target, page), /^All is well: everything /);
});

t.test('what is tried without effect on the mirror does not show', async (t) => {
  const { target, mirrorHere } = await openMirrored(t, program, smallIndex);
  writeFileSync(join(target, 'mirror.toml'), 'wrokers = 3\n');
  t.equal((await mirrorHere('--dry-run')).code, 2);
  t.match(verdictOn(target, 'index.html'), /^All is well/);
});

t.test('a folder that is no mirror yet gets no page of a run that was refused', async (t) => {
  const target = t.testdir({ 'mirror.toml': 'wrokers = 3\n' });
  t.equal((await runHere('-q', target)).code, 2);
  t.equal(existsSync(join(target, 'web')), false);
});

t.test('runs that die one after the other show as soon as the next one begins', async (t) => {
  const { server, target, begin } = await openMirrored(t, program, smallIndex);
  server.index.publish(makeWheel({ name: 'later', version: '1.0' }));
  server.faults.add({ do: 'stall', after: 0, match: /later/ });
  const status = join(target, 'web/status/index.html');
  t.match(verdictOn(target, 'status/index.html'), /^All is well/);
  for (let time = 0; time < 2; time += 1) {
    const asked = server.requests.length;
    const dying = begin('-q');
    await until('it is at work', () => server.requests.slice(asked).some(({ path }) => path.includes('later')));
    dying.kill('SIGKILL');
    await dying.ended;
  }
  t.match(verdictOn(target, 'status/index.html'), /^Not well: the last run died before its end\.$/);
  t.match(readFileSync(status, 'utf8'), 'A run is at work');
});

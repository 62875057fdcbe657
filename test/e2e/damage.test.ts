/** The check of a tree whose run was cut must itself find what is broken. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openBundle } from './bundle.ts';
import { damage } from './damage.ts';
import { openSample } from './opened-sample.ts';

const program = join(await openBundle(), 'pep381run');

t.test('a file that is cut, missing, or unreferenced is found', async (t) => {
  const { server, target, mirror } = await openSample(t, program);
  t.equal((await mirror('-q', '--project', 'sample-base', '--project', 'sample-provenance')).code, 0);
  const web = join(target, 'web');
  t.same(damage(web, server.index), []);
  const path = (name: string, file: string): string => server.index.pathOf(name, file).slice(1);
  const wheel = path('sample-base', 'sample_base-1.9-py3-none-any.whl');
  const attested = path('sample-provenance', 'sample_provenance-1.0.tar.gz');
  const page = 'simple/sample-base/index';
  const cut = [
    wheel,
    `${wheel}.metadata`,
    `${attested}.provenance`,
    `${page}.html`,
    `${page}.v1_json.gz`,
    'index.html',
  ];
  for (const path of cut) {
    const bytes = readFileSync(join(web, path));
    writeFileSync(join(web, path), bytes.subarray(0, -2));
    const problems = damage(web, server.index);
    t.ok(
      problems.some((problem) => problem.startsWith(path)),
      path,
    );
    writeFileSync(join(web, path), bytes);
  }
  writeFileSync(join(web, `${page}.html.tmp`), '');
  t.same(damage(web, server.index), [`${page}.html.tmp: does not belong here`]);
  rmSync(join(web, `${page}.html.tmp`));
  rmSync(join(web, wheel));
  const forms = [`${page}.html`, `${page}.html.gz`, `${page}.v1_json`, `${page}.v1_json.gz`];
  t.same(
    damage(web, server.index),
    forms.map((form) => `${form}: ${wheel} is missing or wrong`),
  );
});

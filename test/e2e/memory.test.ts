/** Small answers that unfold to much do not fill the memory, however many there are. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { makeWheel } from '../sample/distributions.ts';
import { projectPage } from '../sample/pages.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { openBundle } from './bundle.ts';
import { openSample } from './opened-sample.ts';
import { run } from './program.ts';

const program = join(await openBundle(), 'pep381run');
const pages = 8;

t.test('pages of some kilobytes that unfold to millions of values', async (t) => {
  const index = new SampleIndex();
  for (let at = 0; at < pages; at += 1) index.publish(makeWheel({ name: `p${at}`, version: '1.0' }));
  index.publish(makeWheel({ name: 'other', version: '1.0' }));
  const { server, target } = await openSample(t, program, index);
  const filler = Array.from({ length: 1_900_000 }, () => ({}));
  for (let at = 0; at < pages; at += 1) {
    const project = index.find(`p${at}`);
    if (project === undefined) throw new Error('not there');
    const body = gzipSync(JSON.stringify({ ...projectPage(project, server.url), filler }));
    t.ok(body.length < 50_000, `${body.length} bytes`);
    const match = new RegExp(`/simple/p${at}/$`);
    server.faults.add({ do: 'body', body, contentType: 'application/vnd.pypi.simple.v1+json', match });
    server.faults.add({ do: 'headers', headers: { 'Content-Encoding': 'gzip' }, match });
  }
  // The files wait, so that all pages are open at the same time.
  server.faults.add({ do: 'delay', ms: 300, match: /\.whl$/ });
  const { code, stderr } = await run(program, ['--upstream', server.url, target], {
    node: ['--max-old-space-size=450'],
  });
  t.equal(code, 0, stderr.slice(0, 500));
  t.match(readFileSync(join(target, 'web/simple/index.html'), 'utf8'), />other</);
});

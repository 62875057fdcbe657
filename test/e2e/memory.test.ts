/** Small answers that unfold to much do not fill the memory, however many there are. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { makeWheel } from '../sample/distributions.ts';
import { projectPage } from '../sample/pages.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { openBundle } from './bundle.ts';
import { openSample } from './opened-sample.ts';
import { start, until } from './program.ts';

const program = join(await openBundle(), 'pep381run');
const pages = 5;
/** With the heap that it may have: nothing besides that grows with the pages. */
const mostMegabytes = 800;

const empty = (count: number): readonly object[] => Array.from({ length: count }, () => ({}));
const fillers: readonly [what: string, filler: unknown, code: number, told: RegExp][] = [
  ['a million values are read one after the other', empty(1_400_000), 0, /^/],
  ['more values than any project has are refused', empty(1_900_000), 1, /: more than 3000000 values/],
  ['one long text are read one after the other', 'a'.repeat(60 << 20), 0, /^/],
];

for (const [what, filler, expected, told] of fillers)
  t.test(`pages of some kilobytes that decompress to ${what}`, async (t) => {
    const index = new SampleIndex();
    for (let at = 0; at < pages; at += 1) index.publish(makeWheel({ name: `p${at}`, version: '1.0' }));
    index.publish(makeWheel({ name: 'other', version: '1.0' }));
    const { server, target } = await openSample(t, program, index);
    // A body may consist of several pieces of gzip: the one that all pages have is packed once.
    const packed = gzipSync(JSON.stringify(filler));
    for (let at = 0; at < pages; at += 1) {
      const project = index.find(`p${at}`);
      if (project === undefined) throw new Error('not there');
      const page = JSON.stringify(projectPage(project, server.url));
      const body = Buffer.concat([gzipSync(`${page.slice(0, -1)},"filler":`), packed, gzipSync('}')]);
      t.ok(body.length < 100_000, `${body.length} bytes`);
      const match = new RegExp(`/simple/p${at}/$`);
      server.faults.add({ do: 'body', body, contentType: 'application/vnd.pypi.simple.v1+json', match });
      server.faults.add({ do: 'headers', headers: { 'Content-Encoding': 'gzip' }, match });
    }
    // The files wait, so that all pages are open at the same time.
    server.faults.add({ do: 'delay', ms: 300, match: /\.whl$/ });
    const running = start(program, ['--upstream', server.url, target], { node: ['--max-old-space-size=450'] });
    const megabytes = await mostMemory(running.pid, running.ended);
    const { code, stderr } = await running.ended;
    t.equal(code, expected, stderr.slice(0, 500));
    t.match(stderr, told);
    t.ok(megabytes < mostMegabytes, `${megabytes} MB`);
    t.match(readFileSync(join(target, 'web/simple/index.html'), 'utf8'), />other</);
  });

t.test('a large project whose files take hours delays no quarantine, however many pages are large', async (t) => {
  const large = 10;
  const index = new SampleIndex();
  for (let at = 0; at < large; at += 1) index.publish(makeWheel({ name: `a${at}`, version: '1.0' }));
  index.publish(makeWheel({ name: 'evil', version: '1.0' }));
  const { server, target, mirror, begin } = await openSample(t, program, index);
  t.equal((await mirror()).code, 0);
  for (let at = 0; at < large; at += 1) {
    index.publish(makeWheel({ name: `a${at}`, version: '2.0' }));
    const project = index.find(`a${at}`);
    if (project === undefined) throw new Error('not there');
    const body = JSON.stringify({ ...projectPage(project, server.url), filler: empty(1_200_000) });
    const match = new RegExp(`/simple/a${at}/$`);
    server.faults.add({ do: 'body', body, contentType: 'application/vnd.pypi.simple.v1+json', match });
  }
  server.faults.add({ do: 'stall', after: 10, match: /2\.0.*\.whl$/ });
  index.quarantine('evil');
  index.publish(makeWheel({ name: 'late', version: '1.0' }));
  begin();
  const evil = join(target, 'web/simple/evil/index.html');
  const isDone = (): boolean =>
    !readFileSync(evil, 'utf8').includes('evil-1.0') && existsSync(join(target, 'web/simple/late/index.html'));
  await until('the quarantine and the late project', isDone);
});

/** What a process took at most, in megabytes, where that can be seen. */
async function mostMemory(pid: number, ended: Promise<unknown>): Promise<number> {
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  let most = 0;
  while (!isOver) {
    try {
      const [, kilobytes = '0'] = /VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
      most = Math.max(most, Number(kilobytes) >> 10);
    } catch {
      // It has ended.
    }
    await delay(20);
  }
  return most;
}

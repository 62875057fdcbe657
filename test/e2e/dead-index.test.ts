/** What runs say of another index that is down. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeWheel } from '../sample/distributions.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { openSampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { openSample } from './opened-sample.ts';

const program = join(await openBundle(), 'pep381run');

for (const projects of ['"acme-*"', '"acme-core", "acme-tools", "acme-web"']) {
  t.test(`an index of a rule for ${projects} that does not answer is one line in each run at most`, async (t) => {
    const { target, mirrorHere } = await openSample(t, program, smallIndex());
    const index = new SampleIndex();
    for (const name of ['acme-core', 'acme-tools', 'acme-web']) index.publish(makeWheel({ name, version: '1.0' }));
    const own = await openSampleServer({ index });
    mkdirSync(target, { recursive: true });
    const rule = `[[rule]]\nprojects = [${projects}]\nupstream = "${own.url}/simple/"\n`;
    writeFileSync(join(target, 'mirror.toml'), rule);
    t.match(await mirrorHere('-q'), { code: 0, stderr: '' });
    await own.close();
    for (const [options, lines] of [
      [['-q'], 1],
      [[], 1],
      [['-q'], 0],
    ] as const) {
      const { code, stderr } = await mirrorHere(...options);
      t.ok(code === 1 || code === 3, `exit code ${code}`);
      const told = stderr.split('\n').filter((line) => line.includes('ECONNREFUSED'));
      // With -q the same failure is told once a day, and another project may fail first.
      if (lines === 0) t.ok(told.length <= 1, `${told.length} lines`);
      else t.equal(told.length, lines, options.join(' '));
      for (const line of told) t.match(line, new URL(own.url).host);
    }
  });
}

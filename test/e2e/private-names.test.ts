/** Names that only the rules of an administrator know, which nobody else may learn from the mirror. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeWheel } from '../sample/distributions.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { openSampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { openSample } from './opened-sample.ts';
import { runHere } from './run-here.ts';

const program = join(await openBundle(), 'pep381run');

t.test(
  'a project that upstream lacks, or that another index has, is not named to everybody while it waits',
  async (t) => {
    const { server, target, mirrorHere } = await openSample(t, program, smallIndex());
    const other = new SampleIndex();
    other.publish(makeWheel({ name: 'acme-inside', version: '1.0' }));
    const index = await openSampleServer({ index: other });
    t.teardown(() => index.close());
    mkdirSync(target, { recursive: true });
    const rules = `projects = ["alpha", "beta", "acme-secret"]
[[rule]]
projects = ["acme-inside"]
upstream = "${index.url}/simple/"
`;
    writeFileSync(join(target, 'mirror.toml'), rules);
    server.faults.add({ do: 'status', status: 404, match: /\/simple\/acme-secret\// });
    index.faults.add({ do: 'status', status: 404, match: /\/simple\/acme-inside\// });
    t.equal((await mirrorHere('-q')).code, 1);
    server.index.publish(makeWheel({ name: 'beta', version: '2.0' }));
    server.faults.add({ do: 'status', status: 404, match: /\/simple\/beta\// });
    t.equal((await mirrorHere('-q')).code, 1);
    const own = await runHere('--status', target);
    t.match(own.stdout, /acme-inside/, 'its administrator sees what waits');
    t.match(own.stdout, /acme-secret/);
    for (const path of ['status/index.html', 'index.html', 'mirror-status.json']) {
      const text = readFileSync(join(target, 'web', path), 'utf8');
      t.same(text.match(/.*(?:acme|secret|inside).*/g) ?? [], [], path);
      if (path !== 'index.html') t.match(text, /beta/, 'what upstream has is named');
    }
  },
);

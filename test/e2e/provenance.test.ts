/** The built program verifies provenance, with what lies beside it and nothing else. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { recording, recordingsMissing } from '../fixtures/shared-fixtures.ts';
import { sampleIndex } from '../sample/sample-projects.ts';
import { openSampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { run } from './program.ts';

const built = await openBundle();
const program = join(built, 'pep381run');

t.test('what cron runs says once which files it refuses, and counts them ever after', async (t) => {
  const server = await openSampleServer({ index: sampleIndex() });
  t.teardown(() => server.close());
  const target = t.testdir({ web: {} });
  writeFileSync(
    join(target, 'mirror.toml'),
    `upstream = "${server.url}"\nprovenance = "verify"\nprovenance-policy = "refuse-failed"\n`,
  );
  const first = await run(program, ['-q', '--project', 'sample-provenance', target]);
  t.equal(first.code, 1);
  const lines = first.stderr.split('\n');
  const refused = /^Alarm: sample-provenance: \S+: its provenance failed: .+; it is left out$/;
  t.match(lines.slice(0, 2), [refused, refused], 'the signatures of the sample are dummies');
  t.match(lines[2], /, 2 alarms in /);
  const status = JSON.parse(readFileSync(join(target, 'web/mirror-status.json'), 'utf8')) as object;
  const provenance = { absent: 0, unchecked: 0, verified: 0, failed: 0, lost: 0, 'left-out': 2 };
  t.match(status, { 'exit-code': 1, files: 0, provenance });
  t.match((await run(program, ['--status', target])).stdout, /^Provenance +0 verified, 2 left out$/m);
  const again = await run(program, ['-q', '--project', 'sample-provenance', target]);
  t.same(again, { code: 0, stdout: '', stderr: '' });
});

t.test(
  'the part that is loaded has a trusted root that verifies a real object',
  { skip: recordingsMissing },
  async (t) => {
    const part = (await import(join(built, 'provenance.js'))) as {
      sigstoreVerifier(): { verify(object: Buffer, file: object): object };
    };
    const object = Buffer.from(recording('integrity/sampleproject-4.0.0.tar.gz.provenance.json'));
    const sha256 = '0ace7980f82c5815ede4cd7bf9f6693684cec2ae47b9b7ade9add533b8627c6b';
    const verdict = part.sigstoreVerifier().verify(object, { filename: 'sampleproject-4.0.0.tar.gz', sha256 });
    t.match(verdict, { outcome: 'verified' });
  },
);

/** The built program verifies provenance, with what lies beside it and nothing else. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import * as errors from '../../src/core/errors.ts';
import { openSampleSigstore } from '../fixtures/sample-sigstore.ts';
import { recording, recordingsMissing } from '../fixtures/shared-fixtures.ts';
import { makeWheel } from '../sample/distributions.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { sampleIndex } from '../sample/sample-projects.ts';
import { openSampleServer } from '../sample/sample-server.ts';
import { openBundle } from './bundle.ts';
import { run } from './program.ts';
import { runHere } from './run-here.ts';

const built = await openBundle();
const program = join(built, 'pep381run');

t.test('a run by cron names refused files once, and counts them from then on', async (t) => {
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
  t.match((await runHere('--status', target)).stdout, /^Provenance +0 verified, 2 left out$/m);
  const again = await run(program, ['-q', '--project', 'sample-provenance', target]);
  t.same(again, { code: 0, stdout: '', stderr: '' });
});

t.test('files with valid attestations are held, and none that others signed or that was changed', async (t) => {
  const [ours, others] = [await openSampleSigstore(), await openSampleSigstore()];
  const index = new SampleIndex();
  const publisher = { repository: 'sample/signed', workflow: 'release.yml' };
  const wheels = new Map<string, string>();
  const publish = async (version: string, attest: (filename: string, sha256: string) => Promise<string>) => {
    const wheel = makeWheel({ name: 'signed', version });
    const sha256 = createHash('sha256').update(wheel.content).digest('hex');
    index.publish(wheel, { provenance: await attest(wheel.filename, sha256) });
    wheels.set(version, sha256);
  };
  const signed = (filename: string, sha256: string) => ours.attest(filename, sha256, publisher);
  await publish('1.0', signed);
  await publish('2.0', (filename, sha256) => others.attest(filename, sha256, publisher));
  await publish('3.0', (filename) => signed(filename, wheels.get('1.0') ?? ''));
  await publish('4.0', async (filename, sha256) => {
    const stolen = await ours.attest(filename, sha256, { ...publisher, repository: 'sample/other' });
    return stolen.replace('"repository":"sample/other"', '"repository":"sample/signed"');
  });
  const server = await openSampleServer({ index });
  t.teardown(() => server.close());
  const target = t.testdir({ 'trusted_root.json': ours.trustedRoot });
  const settings = `upstream = "${server.url}"\nprovenance = "verify"\nprovenance-policy = "require"\n`;
  writeFileSync(
    join(target, 'mirror.toml'),
    `${settings}trusted-root-file = "${join(target, 'trusted_root.json')}"\nbase-url = "https://mirror.example"\n`,
  );
  const { code, stderr } = await run(program, ['-q', target]);
  t.equal(code, 1);
  for (const [version, why] of [
    ['2.0', 'Sigstore: '],
    ['3.0', 'the statement is about a file with sha256'],
    ['4.0', 'the certificate is of the repository https://github.com/sample/other'],
  ] as const) {
    t.match(stderr, `signed-${version}-py3-none-any.whl: its provenance failed: ${why}`);
  }
  t.match((await runHere('--status', target)).stdout, /^Provenance +1 verified, 3 left out$/m);
  t.match((await runHere('--why', 'signed==1.0', target)).stdout, /verified/);
  const page = JSON.parse(readFileSync(join(target, 'web/simple/signed/index.v1_json'), 'utf8')) as {
    files: { filename: string; provenance: string }[];
  };
  t.match(page.files, [
    { filename: 'signed-1.0-py3-none-any.whl', provenance: /^https:\/\/mirror\.example\/.*\.provenance$/ },
  ]);
  t.equal(page.files.length, 1);
});

t.test(
  'the bundled verifier has a trusted root that verifies a real object',
  { skip: recordingsMissing },
  async (t) => {
    // The part takes our errors from the program that loads it.
    Reflect.set(globalThis, Symbol.for('pep381client.errors'), errors);
    const part = (await import(join(built, 'provenance.js'))) as {
      sigstoreVerifier(): { verify(object: Buffer, file: object): object };
    };
    const object = Buffer.from(recording('integrity/sampleproject-4.0.0.tar.gz.provenance.json'));
    const sha256 = '0ace7980f82c5815ede4cd7bf9f6693684cec2ae47b9b7ade9add533b8627c6b';
    const verdict = part.sigstoreVerifier().verify(object, { filename: 'sampleproject-4.0.0.tar.gz', sha256 });
    t.match(verdict, { outcome: 'verified' });
  },
);

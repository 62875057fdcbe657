/** A signing mirror as it is installed, with one that mirrors from it: and its private key is in nothing that they write. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { serveMirror } from '../fixtures/served-mirror.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeSnapshotKeys } from '../fixtures/snapshot-keys.ts';
import { openBundle } from './bundle.ts';
import { openSample } from './opened-sample.ts';
import { run } from './program.ts';
import { checkHere, runHere } from './run-here.ts';

const bundle = await openBundle();
const program = join(bundle, 'pep381run');
const checkfiles = join(bundle, 'pep381checkfiles');

t.test('a mirror signs, another one verifies it, and the private key stays where it is', async (t) => {
  const sample = await openSample(t, program, smallIndex());
  const { target } = sample;
  const keys = makeSnapshotKeys();
  const folder = dirname(target);
  mkdirSync(target, { recursive: true });
  const [key, pub] = [join(folder, 'sign.key'), join(folder, 'sign.pub')];
  writeFileSync(key, keys.privatePem);
  writeFileSync(pub, keys.publicPem);
  writeFileSync(join(target, 'mirror.toml'), `signing-key-file = "${key}"\n`);
  chmodSync(key, 0o644);
  const refused = await sample.mirrorHere('-q');
  t.match(refused, { code: 2, stdout: '', stderr: /expected mode 0600 or 0640, found 0644/ });
  t.notOk(existsSync(join(target, 'state.db')), 'nothing was begun');
  chmodSync(key, 0o600);
  const outputs = [refused, await sample.mirror(), await sample.mirrorHere('--log-format', 'json')];
  t.same(
    outputs.map(({ code }) => code),
    [2, 0, 0],
  );

  t.same(await run(checkfiles, ['-q', '--verify-snapshot', target]), { code: 0, stdout: '', stderr: '' });
  t.same(await checkHere('-q', '--verify-snapshot', '--key', pub, target), { code: 0, stdout: '', stderr: '' });
  writeFileSync(join(target, 'web/simple/beta/index.html'), 'another');
  const verified = await run(checkfiles, ['--verify-snapshot', target]);
  t.match(verified, { code: 1, stdout: /^Bad page [^\n]+\/simple\/beta\/index\.html: expected [0-9a-f]{64}, found / });
  outputs.push(verified, await sample.mirrorHere('-q'), await checkHere('-q', '--verify-snapshot', target));
  t.equal(outputs.at(-1)?.code, 0, 'healed');

  const served = await serveMirror(t, join(target, 'web'));
  const below = join(folder, 'below');
  mkdirSync(below);
  const line = keys.publicPem.split('\n')[1] ?? '';
  writeFileSync(join(below, 'mirror.toml'), `upstream-key = "${line}"\n`);
  t.same(await run(program, ['-q', '--upstream', served.url, below]), { code: 0, stdout: '', stderr: '' });
  served.alter = (path, body) => (path === '/snapshot.json.sig' ? Buffer.from(`${'A'.repeat(86)}==\n`) : body);
  t.match(await runHere('-q', '--upstream', served.url, below), {
    code: 3,
    stderr: /snapshot\.json: expected a signature by the key in upstream-key, found another/,
  });

  const secret = keys.privatePem.split('\n')[1] ?? '';
  const seed = Buffer.from(secret, 'base64').subarray(-32);
  const spellings = [secret, secret.slice(20), seed.toString('hex'), seed.toString('base64'), seed.toString('latin1')];
  const written = [...filesIn(target), ...filesIn(below)].map((file) => ({
    where: file,
    text: readFileSync(file, 'latin1'),
  }));
  t.ok(written.length > 20);
  for (const { where, text } of [...written, { where: 'the output', text: JSON.stringify(outputs) }]) {
    t.notOk(
      spellings.some((spelling) => text.includes(spelling)),
      where,
    );
  }
});

function filesIn(folder: string): string[] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path));
  return paths.filter((path) => statSync(path).isFile());
}

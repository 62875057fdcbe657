/** A dry run that could not plan everything does not exit with 0. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { smallIndex } from '../fixtures/small-index.ts';
import { makeSdist } from '../sample/distributions.ts';
import { openBundle } from './bundle.ts';
import { type OpenedSample, openMirrored } from './opened-sample.ts';
import { treeOf } from './tree.ts';

const program = join(await openBundle(), 'pep381run');

/** A mirror that was made, and to which something is to be added. */
async function openChanged(t: Test): Promise<OpenedSample> {
  const opened = await openMirrored(t, program, smallIndex);
  opened.server.index.publish(makeSdist({ name: 'alpha', version: '2.0' }));
  opened.server.index.publish(makeSdist({ name: 'beta', version: '2.0' }));
  return opened;
}

for (const option of ['--dry-run', '--plan']) {
  t.test(`${option} ends with 1 if a project cannot be planned, and leaves everything as it is`, async (t) => {
    const { server, target, mirror, mirrorHere } = await openChanged(t);
    const before = treeOf(join(target, 'web'));
    const heal = server.faults.add({ do: 'body', body: '{"meta":', match: /\/simple\/alpha\/$/ });
    const { code, stdout } = await mirror(option);
    t.equal(code, 1);
    t.match(stdout, /beta/, 'the others are planned');
    const quiet = await mirrorHere(option, '-q');
    t.equal(quiet.code, 1);
    t.match(quiet.stderr, /alpha/, 'it says which one');
    t.same(treeOf(join(target, 'web')), before);
    heal();
    t.match(await mirrorHere(option, '-q'), { code: 0, stderr: '' }, 'nor does it remember the failure');
    t.same(await mirrorHere('-q'), { code: 0, stdout: '', stderr: '' });
  });
}

t.test('a dry run ends with 3 if no answer of upstream can be understood', async (t) => {
  const { server, mirrorHere } = await openChanged(t);
  server.faults.add({ do: 'xmlrpc-fault', code: 1, text: 'out of order' });
  const { code, stderr } = await mirrorHere('--dry-run', '-q');
  t.equal(code, 3);
  t.match(stderr, /^pep381run: error: /m);
});

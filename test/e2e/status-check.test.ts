/** `--status --check` as a monitoring system starts it: as another user, of a mirror that is not there, called wrongly. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openToAll } from '../fixtures/open-to-all.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { openBundle } from './bundle.ts';
import { openCopies } from './opened-sample.ts';
import { type Ended, run } from './program.ts';
import { runHere } from './run-here.ts';
import { treeOf } from './tree.ts';

const bundle = await openBundle();
const program = join(bundle, 'pep381run');
const isRoot = process.getuid?.() === 0;

t.test('the owner and others get one line and an exit code', async (t) => {
  const folder = openToAll(t).testdir();
  const [target, programs] = [join(folder, 'pypi'), join(folder, 'programs')];
  cpSync(bundle, programs, { recursive: true });
  const { server, copyTo } = await openCopies(program, smallIndex);
  await server.close();
  copyTo(target);
  const before = treeOf(target);
  // The disk of the tests may be nearly full.
  const args = ['--status', '--check', '--warning', 'free=off', '--critical', 'free=off', target];
  t.match(await run(program, args), {
    code: 0,
    stdout:
      /^PEP381 OK - complete as of [^|\n]* ago; 3 projects, [^|\n]* \| age=\d+s;21600;86400;0 parked=0;[^|\n]*\n$/,
    stderr: '',
  });
  const critical = ['--status', '--check', '--critical', 'free=9999PB', target];
  t.match(await runHere(...critical), { code: 2, stdout: /^PEP381 CRITICAL - .* free of .*\n$/, stderr: '' });
  if (isRoot) {
    const nobody = (...options: string[]): Promise<Ended> =>
      run(
        '--reuid=65534',
        ['--regid=65534', '--clear-groups', process.execPath, join(programs, 'pep381run'), ...options],
        {
          command: 'setpriv',
        },
      );
    t.match(await nobody(...args), { code: 0, stdout: /^PEP381 OK - .*\n$/, stderr: '' }, 'who may not read state.db');
    rmSync(join(target, 'web/mirror-status.json'));
    t.match(await nobody(...args), { code: 3, stdout: /^PEP381 UNKNOWN - .*mirror-status\.json.*\n$/, stderr: '' });
  }
  const isNew = (path: string): boolean => !Object.keys(before).includes(path);
  // SQLite keeps two files beside a database that is open.
  const added = Object.keys(treeOf(target)).filter((path) => isNew(path) && !/^state\.db-(?:wal|shm)$/.test(path));
  t.same(added, [], 'nothing is written');
});

t.test('what cannot be judged is unknown', async (t) => {
  const folder = t.testdir({ empty: {} });
  const cases: readonly string[][] = [
    ['--status', '--check', join(folder, 'missing')],
    ['--status', '--check', join(folder, 'empty')],
    ['--status', '--check', '--warning', 'age=x', folder],
    ['--status', '--check', '--no-such-option', folder],
    ['--check', folder],
    ['--status', '--check'],
  ];
  for (const [at, args] of cases.entries()) {
    t.match(
      await (at === 0 ? run(program, args) : runHere(...args)),
      { code: 3, stdout: /^PEP381 UNKNOWN - [^\n]+\n$/, stderr: '' },
      args.join(' '),
    );
  }
});

/** The systemd units: systemd itself reads them, and they name the same folders as everything else. */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openToAll } from '../fixtures/open-to-all.ts';
import { programsOrReason } from '../fixtures/programs.ts';

const units = ['pep381run.service', 'pep381run.path', 'pep381run.timer'];
const text = (unit: string): string => readFileSync(new URL(`../../apache/${unit}`, import.meta.url), 'utf8');
const needsSystemd = programsOrReason('systemd-analyze');

t.test('systemd accepts the units', needsSystemd, async (t) => {
  // Its path, unlike that of the checkout, holds nothing that means something in a unit.
  const folder = openToAll(t).testdir({ pep381run: '#!/bin/sh\n' });
  chmodSync(join(folder, 'pep381run'), 0o755);
  for (const unit of units) {
    writeFileSync(join(folder, unit), text(unit).replace('/usr/local/lib/pep381client/', `${folder}/`));
  }
  const paths = units.map((unit) => join(folder, unit));
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...paths], {
    encoding: 'utf8',
  });
  t.equal(status, 0, stdout + stderr);
  t.notMatch(stdout + stderr, 'pep381run', 'nothing to remark');
});

t.test('the service may do little', needsSystemd, async (t) => {
  const path = join(t.testdir({ 'pep381run.service': text('pep381run.service') }), 'pep381run.service');
  // In tenths; a unit without any protection has 92 to 96.
  const { status, stdout, stderr } = spawnSync(
    'systemd-analyze',
    ['security', '--offline=true', '--threshold=20', path],
    { encoding: 'utf8' },
  );
  t.equal(status, 0, stdout + stderr);
});

t.test('the service does what the crontab does', async (t) => {
  const line = text('crontab')
    .split('\n')
    .find((line) => line.startsWith('*/15'));
  t.equal(text('pep381run.service').match(/^ExecStart=(.*)$/m)?.[1], line?.split(' ').slice(5).join(' '));
});

t.test('the path unit waits for the flag that pep381sync.cgi sets', async (t) => {
  t.match(text('pep381run.path'), /^PathExists=\/var\/pypi\/run\/sync-requested$/m);
  t.match(text('pep381run.path'), /^TriggerLimitIntervalSec=1h\nTriggerLimitBurst=\d+$/m, 'and not without end');
});

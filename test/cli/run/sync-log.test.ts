/** What is kept of the runs that /sync started. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { keepSyncLog } from '../../../src/cli/run/sync-log.ts';
import { openSmallDisk, smallDiskOrReason } from '../../e2e/small-disk.ts';

t.test(
  'lines for which the disk has not enough room are reported, not cut off silently',
  smallDiskOrReason(),
  async (t) => {
    const disk = openSmallDisk(t, '64k');
    const lines = Array.from({ length: 15 }, () => 'x'.repeat(400));
    const path = join(disk.folder, 'log/sync.log');
    const bytes = lines.join('').length + lines.length * '1970-01-01T00:00:00.000Z \n'.length;
    let kept = 0;
    let problem: string | undefined;
    while (problem === undefined && kept < 20) {
      problem = keepSyncLog(path, { lines, timeMs: 0 });
      if (problem !== undefined) break;
      kept += 1;
      t.equal(statSync(path).size, kept * bytes, 'all of it is there');
    }
    t.match(problem, /sync\.log: cannot be written: ENOSPC/);
  },
);

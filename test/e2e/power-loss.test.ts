/**
 * The power fails at every other step of small programs, and a reader finds every link and every file right: a missing flush
 * is seen here. `npm run test:faults` does the same to large ones.
 */
import t from 'tap';
import { scenes, skip, sufferPowerCuts } from '../faults/power-scenes.ts';

for (const name of ['a mirror of one project is made', 'one file is removed']) {
  t.test(`the power fails while ${name}`, { skip }, async (t) => {
    const open = scenes[name];
    if (open === undefined) throw new Error(name);
    await sufferPowerCuts(t, await open(t), 2, 0);
  });
}

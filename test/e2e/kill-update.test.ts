/** The same as in kill.test.ts for a mirror that is there: new files, a yank, and every kind of removal. */
import t from 'tap';
import { changeEverything } from './index-to-kill.ts';
import { copyOf, killEverywhere, openUndisturbed, update } from './kills.ts';

t.test('a run that is killed at any step while it updates a mirror is completed by the next', async (t) => {
  const { server, target: before } = await openUndisturbed(t);
  changeEverything(server.index);
  const wanted = { server, target: copyOf(before, 'wanted') };
  await update(t, wanted);
  await killEverywhere(t, wanted, before);
});

/**
 * kill -9 at every step that changes something on disk: what is left can be read by pip, and the next run makes of it
 * what an undisturbed run would have made.
 */
import t from 'tap';
import { killEverywhere, openUndisturbed } from './kills.ts';

t.test('a run that is killed at any step while it creates a mirror is completed by the next', async (t) => {
  await killEverywhere(t, await openUndisturbed(t));
});

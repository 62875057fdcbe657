/** The time of the last progress is stored once a minute, and a disk that is full then ends no run by itself. */
import { mock } from 'node:test';
import t from 'tap';
import { RunMarker } from '../../../src/cli/run/run-marker.ts';
import { StorageError } from '../../../src/core/errors.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';

t.test('progress is stored once a minute, if there is any, also after a write that failed', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.teardown(() => mock.timers.reset());
  let isFull = false;
  let stored = 0;
  const state = {
    set: () => {
      if (isFull) throw new StorageError('state.db: database or disk is full');
      stored += 1;
    },
  };
  const marker = new RunMarker({ state: state as never, clock: new FakeClock() });
  const minute = (): void => {
    marker.touch();
    mock.timers.tick(60_000);
  };
  minute();
  t.equal(stored, 1);
  mock.timers.tick(60_000);
  t.equal(stored, 1, 'nothing has moved');
  isFull = true;
  minute();
  t.equal(stored, 1);
  isFull = false;
  minute();
  t.equal(stored, 2);
  marker.stop();
  minute();
  t.equal(stored, 2);
});

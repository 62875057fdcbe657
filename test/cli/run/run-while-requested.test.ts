/** No request gets lost between a run that ends and a process that finds the lock held. */
import t from 'tap';
import { type LockedRun, runWhileRequested } from '../../../src/cli/run/run-while-requested.ts';

/** A lock, a flag, and runs that each take the flag at their beginning. */
class Scene {
  held = false;
  requested = false;
  paused = false;
  runs = 0;
  /** How long it rested before which run. */
  readonly rests: Record<number, number> = {};

  /** `meanwhile` happens during each run, after its last look at the flag; it returns the run's exit code. */
  locked(meanwhile: (run: number) => number = () => 0): LockedRun {
    return {
      takeLock: () => {
        if (this.held) return undefined;
        this.held = true;
        return () => {
          this.held = false;
        };
      },
      run: async () => {
        this.requested = false;
        this.runs += 1;
        return meanwhile(this.runs);
      },
      isRequested: () => this.requested,
      isPaused: () => this.paused,
      rest: async (ms) => {
        this.rests[this.runs + 1] = ms;
        t.notOk(this.held, 'others may work meanwhile');
      },
    };
  }

  /** What pep381sync.cgi does: the flag first, then a process that tries the lock. */
  ask(): Promise<number | undefined> {
    this.requested = true;
    return runWhileRequested(this.locked());
  }
}

t.test('a request after the last check of a run causes another run', async (t) => {
  const scene = new Scene();
  const others: Promise<number | undefined>[] = [];
  const code = await runWhileRequested(
    scene.locked((run) => {
      if (run <= 3) others.push(scene.ask());
      return 0;
    }),
  );
  t.equal(code, 0);
  t.equal(scene.runs, 4);
  t.notOk(scene.requested, 'nothing is left to do');
  t.same(await Promise.all(others), [undefined, undefined, undefined], 'the others found the lock held');
});

t.test('repeated requests make upstream be asked once a minute', async (t) => {
  const scene = new Scene();
  const lasting = scene.locked((run) => {
    scene.requested = run < 33;
    return 0;
  });
  t.equal(await runWhileRequested(lasting), 0);
  t.equal(scene.runs, 33, 'and no request is lost');
  t.same(scene.rests, { 31: 60_000, 32: 60_000, 33: 60_000 });
});

t.test('a process that is asked to stop while it pauses stops', async (t) => {
  const scene = new Scene();
  const locked = scene.locked(() => {
    scene.requested = true;
    return 0;
  });
  const rest = async (): Promise<void> => {
    scene.paused = true;
  };
  await runWhileRequested({ ...locked, rest });
  t.equal(scene.runs, 30);
});

t.test('without a request there is one run', async (t) => {
  const scene = new Scene();
  t.equal(await runWhileRequested(scene.locked()), 0);
  t.equal(scene.runs, 1);
  t.notOk(scene.held);
});

t.test('whoever takes the lock first runs again, and only they', async (t) => {
  const scene = new Scene();
  const first = scene.locked((run) => {
    scene.requested = run === 1;
    return 0;
  });
  let tries = 0;
  const beaten: LockedRun = {
    ...first,
    takeLock: () => {
      tries += 1;
      return tries === 1 ? first.takeLock() : undefined;
    },
  };
  t.equal(await runWhileRequested(beaten), 0, 'the code of the run that was its own');
  t.equal(scene.runs, 1);
});

t.test('the exit code is that of the last run, but an earlier failure counts', async (t) => {
  const rows: [codes: number[], code: number, runs: number][] = [
    [[0, 1], 1, 2],
    [[1, 0], 1, 2],
    [[3, 0], 0, 2],
    [[1, 3], 3, 2],
    [[5, 5], 5, 2],
    [[5, 0], 0, 2],
    [[4, 0], 4, 1],
    [[2, 0], 2, 1],
  ];
  for (const [codes, code, runs] of rows) {
    const scene = new Scene();
    const locked = scene.locked((run) => {
      scene.requested = run < codes.length;
      return codes[run - 1] ?? 0;
    });
    t.equal(await runWhileRequested(locked), code, codes.join());
    t.equal(scene.runs, runs, `${codes.join()}: runs`);
  }
});

t.test('a process that was asked to stop stops, and leaves the request', async (t) => {
  const scene = new Scene();
  const locked = scene.locked(() => {
    scene.requested = true;
    scene.paused = true;
    return 0;
  });
  t.equal(await runWhileRequested(locked), 0);
  t.equal(scene.runs, 1);
  t.ok(scene.requested);
});

t.test('a run that crashes releases the lock', async (t) => {
  const scene = new Scene();
  const crash = scene.locked(() => {
    throw new Error('a bug');
  });
  await t.rejects(runWhileRequested(crash), { message: 'a bug' });
  t.notOk(scene.held);
});

import fc from 'fast-check';
import t from 'tap';
import { GroupCommit } from '../../src/core/group-commit.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

interface Commit {
  readonly items: readonly string[];
  succeed(): void;
  fail(error: Error): void;
}

/** A GroupCommit whose commits end when the test says so. */
function open(clock = new FakeClock()): { group: GroupCommit<string>; commits: Commit[] } {
  const commits: Commit[] = [];
  const group = new GroupCommit<string>(
    clock,
    (items) => new Promise((succeed, fail) => commits.push({ items: [...items], succeed, fail })),
  );
  return { group, commits };
}

/** Resolves when everything that can go on without the outside has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Follows a promise without waiting for it. */
function watch(promise: Promise<void>): { state: string } {
  const watched = { state: 'waiting' };
  promise.then(
    () => {
      watched.state = 'done';
    },
    (error: Error) => {
      watched.state = error.message;
    },
  );
  return watched;
}

t.test('a single item is committed at once', async (t) => {
  const { group, commits } = open();
  const added = watch(group.add('a'));
  await settled();
  t.same(commits[0]?.items, ['a']);
  t.equal(added.state, 'waiting', 'it is not durable before the commit ends');
  commits[0]?.succeed();
  await settled();
  t.equal(added.state, 'done');
});

t.test('items that come together are committed together, in their order', async (t) => {
  const { group, commits } = open();
  const added = ['a', 'b', 'c'].map((item) => watch(group.add(item)));
  await settled();
  t.same(
    commits.map(({ items }) => items),
    [['a', 'b', 'c']],
  );
  commits[0]?.succeed();
  await settled();
  t.same(
    added.map(({ state }) => state),
    ['done', 'done', 'done'],
  );
});

t.test('items that arrive during a commit share the next one, which waits for its end', async (t) => {
  const { group, commits } = open();
  const first = watch(group.add('a'));
  await settled();
  const later = [watch(group.add('b'))];
  await settled();
  later.push(watch(group.add('c')));
  await settled();
  t.equal(commits.length, 1, 'no second commit while the first is at work');
  commits[0]?.succeed();
  await settled();
  t.same(commits[1]?.items, ['b', 'c']);
  t.same([first.state, ...later.map(({ state }) => state)], ['done', 'waiting', 'waiting']);
});

t.test('a failed commit rejects exactly the items it held', async (t) => {
  const { group, commits } = open();
  const first = [watch(group.add('a')), watch(group.add('b'))];
  await settled();
  const second = watch(group.add('c'));
  commits[0]?.fail(new Error('disk full'));
  await settled();
  t.same(
    first.map(({ state }) => state),
    ['disk full', 'disk full'],
  );
  t.same([second.state, commits[1]?.items], ['waiting', ['c']], 'the next is tried all the same');
  commits[1]?.succeed();
  await settled();
  t.equal(second.state, 'done');
});

t.test('a commit that throws at once is a failed commit', async (t) => {
  let broken = true;
  const group = new GroupCommit<string>(new FakeClock(), () => {
    if (broken) throw new Error('closed');
    return Promise.resolve();
  });
  await t.rejects(group.add('a'), { message: 'closed' });
  broken = false;
  await t.resolves(group.add('b'));
});

t.test('it is idle at once when nothing was ever added', async (t) => {
  await t.resolves(open().group.idle());
});

t.test('it is idle when the last item is durable, not before', async (t) => {
  const { group, commits } = open();
  watch(group.add('a'));
  await settled();
  const idle = watch(group.idle());
  watch(group.add('b'));
  commits[0]?.succeed();
  await settled();
  t.equal(idle.state, 'waiting', 'what came while it waited is waited for too');
  commits[1]?.succeed();
  await settled();
  t.equal(idle.state, 'done');
});

t.test('it becomes idle although the last commit failed', async (t) => {
  const { group, commits } = open();
  const added = watch(group.add('a'));
  const idle = watch(group.idle());
  await settled();
  commits[0]?.fail(new Error('disk full'));
  await settled();
  t.same([added.state, idle.state], ['disk full', 'done']);
});

t.test('the group after a large one waits a little for more, the group after a small one does not', async (t) => {
  const slept = async (size: number): Promise<number[]> => {
    const clock = new FakeClock();
    const group = new GroupCommit<number>(clock, async () => {});
    await Promise.all(Array.from({ length: size }, (_, item) => group.add(item)));
    t.same(clock.slept, [], 'the first waits for nobody');
    await group.add(size);
    await group.add(size);
    return clock.slept;
  };
  t.same(await slept(3), []);
  t.same(await slept(40), [40]);
  t.same(await slept(10_000), [100], 'never longer than a tenth of a second');
});

t.test('what arrives while a group waits for more is still in it', async (t) => {
  const groups: (readonly string[])[] = [];
  let meanwhile = (): void => {};
  const clock = new (class extends FakeClock {
    override async sleep(ms: number, signal: AbortSignal): Promise<void> {
      await super.sleep(ms, signal);
      meanwhile();
    }
  })();
  const group = new GroupCommit<string>(clock, async (items) => {
    groups.push(items);
  });
  await Promise.all(Array.from({ length: 20 }, () => group.add('x')));
  const late: Promise<void>[] = [];
  meanwhile = () => late.push(group.add('late'));
  await group.add('early');
  await Promise.all(late);
  t.same(groups.slice(1), [['early', 'late']]);
});

t.test(
  'every item is in exactly one commit, in order, and shares its fate, however calls and failures mix',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(fc.boolean(), { maxLength: 30 }), async (s, fates) => {
        const fateOf = new Map<number, string>();
        const committed: number[] = [];
        let inProgress = 0;
        const group = new GroupCommit<number>(new FakeClock(), async (items) => {
          inProgress += 1;
          if (inProgress > 1) throw new Error('two commits at the same time');
          committed.push(...items);
          await s.schedule(Promise.resolve());
          inProgress -= 1;
          const fails = items.some((item) => fates[item] === false);
          for (const item of items) fateOf.set(item, fails ? 'failed' : 'done');
          if (fails) throw new Error('failed');
        });
        const ends = fates.map(async (_, item) => {
          await s.schedule(Promise.resolve());
          const added = group.add(item);
          const end = await added.then(
            () => 'done',
            (error: Error) => error.message,
          );
          return end === fateOf.get(item);
        });
        await s.waitFor(Promise.all(ends));
        await group.idle();
        const agreed = await Promise.all(ends);
        return agreed.every(Boolean) && committed.length === fates.length && new Set(committed).size === fates.length;
      }),
    );
  },
);

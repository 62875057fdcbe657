/**
 * A mirror in a bucket of a real store, while upstream changes: pep381run is killed at each of its requests to the store
 * and at random moments, the gateway is killed and freezes, and a proxy before it fails in other ways. A reader finds every
 * link right at every moment, and a run that is not disturbed makes the mirror what a new one on a disk is.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { openBundle } from '../e2e/bundle.ts';
import { type Running, start, withoutDeath } from '../e2e/program.ts';
import { type MirrorInBucket, openMirrorInBucket } from '../e2e/s3-mirror.ts';
import { stateOf } from '../e2e/tree.ts';
import { type FaultyProxy, type Mishap, openFaultyProxy, slowDown } from '../fixtures/faulty-proxy.ts';
import { objectStoreOrReason } from '../fixtures/object-store.ts';
import { makeWheel } from '../sample/distributions.ts';
import { pseudoRandomBytes } from '../sample/pseudo-random.ts';
import { SampleIndex } from '../sample/sample-index.ts';
import { ChangingUpstream, oneOf } from './changing-upstream.ts';
import { silent } from './mirror-check.ts';
import { rounds, seededRandom } from './options.ts';

const needsStore = objectStoreOrReason();
const program = join(await openBundle(), 'pep381run');
/** So often a mirror is left alone for one run, and compared. */
const comparedEach = 8;
const noHooks = (): void => {};

/** What may happen to a request. Each passes before the program gives up. */
const mishaps: readonly Mishap[] = [
  slowDown,
  { status: 500 },
  { reset: 'before' },
  { reset: 'after' },
  { delayMs: 300 },
];

/** One mirror that is disturbed again and again. */
class DisturbedMirror {
  readonly #t: Test;
  readonly #mirror: MirrorInBucket;
  readonly #proxy: FaultyProxy;
  readonly #random: () => number;
  readonly #index: SampleIndex;
  readonly #upstream: ChangingUpstream;
  #large = 0;
  #killed = 0;

  constructor(t: Test, mirror: MirrorInBucket, proxy: FaultyProxy, label: string) {
    this.#t = t;
    this.#mirror = mirror;
    this.#proxy = proxy;
    this.#random = seededRandom(label);
    this.#index = mirror.server.index;
    this.#upstream = new ChangingUpstream(this.#index, this.#random);
  }

  begin(): void {
    this.#upstream.begin();
    this.#publishLarge();
  }

  async suffer(times: number): Promise<void> {
    for (let round = 1; round <= times; round += 1) {
      for (let changes = Math.floor(this.#random() * 4); changes > 0; changes -= 1) this.#upstream.change();
      if (this.#random() < 0.2) this.#publishLarge();
      await this.#round(`round ${round}`);
      if (round % comparedEach === 0) await this.compare(`after round ${round}`);
    }
    if (times % comparedEach !== 0) await this.compare('at the end');
    this.#t.comment(`${this.#killed} of ${times} runs were killed`);
  }

  /** Kills a run at its request with this number, if it has so many. Returns true if it has. */
  async killAt(number: number): Promise<boolean> {
    const running = this.#start();
    this.#proxy.onRequest = (at) => {
      if (at === number) running.kill('SIGKILL');
    };
    const { code } = await this.#ended(running, `killed at request ${number}`);
    return code === 'SIGKILL';
  }

  async #round(what: string): Promise<void> {
    const number = 1 + Math.floor(30 * this.#random() ** 2);
    const choice = this.#random();
    if (choice < 0.3) await this.killAt(number);
    else if (choice < 0.6) await this.#killSometime(what);
    else if (choice < 0.7) await this.#stopGateway(number, what);
    else if (choice < 0.8) await this.#freezeGateway(number, what);
    else await this.#spoil(number, what);
  }

  async #killSometime(what: string): Promise<void> {
    const running = this.#start();
    const timer = setTimeout(() => running.kill('SIGKILL'), 1500 * this.#random());
    await this.#ended(running, `${what}: killed at any moment`);
    clearTimeout(timer);
  }

  async #stopGateway(number: number, what: string): Promise<void> {
    const { store } = this.#mirror.public;
    const running = this.#start();
    const down = this.#once(number, async () => {
      await store.kill();
      await store.start();
    });
    await this.#ended(running, `${what}: the gateway killed at request ${number}`, down);
  }

  async #freezeGateway(number: number, what: string): Promise<void> {
    const { store } = this.#mirror.public;
    const running = this.#start();
    const frozen = this.#once(number, async () => {
      store.freeze();
      await delay(200);
      store.thaw();
    });
    await this.#ended(running, `${what}: the gateway frozen at request ${number}`, frozen);
  }

  async #spoil(number: number, what: string): Promise<void> {
    const mishap = oneOf(mishaps, this.#random);
    const count = 1 + Math.floor(this.#random() * 5);
    const running = this.#start();
    this.#proxy.onRequest = (at) => {
      if (at === number) this.#proxy.add({ count, mishap });
    };
    await this.#ended(running, `${what}: ${JSON.stringify(mishap)} from request ${number} on`);
    this.#proxy.clear();
  }

  /** Does `work` when the request with this number arrives. Resolves when it is done or not needed. */
  #once(number: number, work: () => Promise<void>): () => Promise<void> {
    let working: Promise<void> | undefined;
    this.#proxy.onRequest = (at) => {
      if (at === number) working = work();
    };
    return async () => working;
  }

  #start(): Running {
    const { target, public: bucket } = this.#mirror;
    this.#proxy.seen.length = 0;
    // In all rounds together more is removed than a day may take.
    return start(program, ['-q', '--all', '--allow-deletions', '1000000', target], { env: bucket.env });
  }

  /** Reads the mirror while the run is at work, and when it ended. */
  async #ended(running: Running, what: string, work: () => Promise<void> = async () => {}) {
    const meanwhile = await this.#mirror.damage();
    const ended = withoutDeath(await running.ended);
    await work();
    this.#proxy.onRequest = noHooks;
    if (ended.code === 'SIGKILL') this.#killed += 1;
    const isRight = (ended.code === 'SIGKILL' || ended.code === 0) && ended.stderr === '';
    if (!isRight) this.#t.same(ended, silent, what);
    const problems = [...meanwhile, ...(await this.#mirror.damage())];
    if (problems.length > 0) this.#t.same(problems, [], what);
    return ended;
  }

  /** A run that nobody disturbs, and what it must have led to. */
  async compare(what: string): Promise<void> {
    const mirror = this.#mirror;
    this.#upstream.settle();
    for (const _ of ['what waits', 'what is due then']) {
      mirror.letCachesExpire();
      const { code, stdout, stderr } = await this.#ended(this.#start(), what);
      this.#t.same({ code, stdout, stderr }, silent, `${what}: a run`);
    }
    this.#t.same(await mirror.problems(), [], `${what}: nothing is wrong, and nothing left over`);
    const disk = await mirror.onDisk();
    this.#t.same(await mirror.published(), disk.published, `${what}: as a new mirror on a disk`);
    this.#t.same(stateOf(mirror.target), disk.state, `${what}: and so is what is remembered`);
    for await (const { key } of mirror.public.bucket.uploads('')) this.#t.fail(`${what}: ${key} is still uploaded`);
  }

  /** Publishes a file that is uploaded in parts. */
  #publishLarge(): void {
    this.#large += 1;
    const version = `1.${this.#large}`;
    const files = { 'data.bin': pseudoRandomBytes(`large ${version}`, 11 << 20) };
    this.#index.publish(makeWheel({ name: 'fault-large', version, files }));
  }
}

for (const hold of ['files', 'everything'] as const) {
  t.test(`hold = "${hold}": disturbed by chance`, needsStore, async (t) => {
    const { disturbed } = await open(t, hold, `${hold} in a bucket`);
    disturbed.begin();
    await disturbed.suffer(rounds(0.2));
  });
}

t.test('a first sync, killed at each of its requests', needsStore, async (t) => {
  // Each run goes a little further than the one before.
  const { disturbed } = await open(t, 'everything', 'a first sync');
  disturbed.begin();
  let [number, kills] = [1, 0];
  while (kills < rounds(0.2) && (await disturbed.killAt(number))) {
    kills += 1;
    number += kills % 3 === 0 ? 1 : 0;
  }
  await disturbed.compare(`after ${kills} kills`);
});

async function open(t: Test, hold: MirrorInBucket['hold'], label: string) {
  const mirror = await openMirrorInBucket(t, program, { hold, index: new SampleIndex() });
  const proxy = await openFaultyProxy(t, mirror.public.store.endpoint);
  mirror.use(proxy.url);
  return { disturbed: new DisturbedMirror(t, mirror, proxy, label) };
}

/** What pip would install on a machine must fit the wish for such machines: a mirror would lack it otherwise. */
import t from 'tap';
import { parseDistributionName } from '../../src/packaging/distribution-name.ts';
import { machineNamed } from '../../src/packaging/platform-tag-machines.ts';
import { systemNamed } from '../../src/packaging/platform-tag-systems.ts';
import { pythonNamed } from '../../src/packaging/python-tag.ts';
import { type WheelFilter, type WheelTags, wheelFits } from '../../src/packaging/wheel-tags.ts';
import { type PipTags, pipTags, pipTagsMissing } from './wheel-tags-by-pip.ts';

const skip = await pipTagsMissing();
const asked: PipTags = skip === false ? await pipTags() : { pythons: {}, platforms: {} };
const pythons = Object.entries(asked.pythons);
const platforms = Object.entries(asked.platforms);

function platformWish(name: string): WheelFilter {
  const [system, machine] = name.split(' ');
  return {
    systems: [known(systemNamed(system ?? ''), name)],
    machines: [known(machineNamed(machine ?? ''), name)],
    glibc: [2, 39],
    musl: [1, 2],
  };
}

function pythonWish(name: string): WheelFilter {
  return { pythons: [known(pythonNamed(name), name)] };
}

function known<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`${name} is not known`);
  return value;
}

function tagsOf(python: string, abi: string, platform: string): WheelTags {
  return known(parseDistributionName(`x-1.0-${python}-${abi}-${platform}.whl`)?.tags, `${python}-${abi}-${platform}`);
}

/** What of `all` fits the wish although pip would not take it. */
function surplus(wish: WheelFilter, taken: readonly string[], all: ReadonlyMap<string, WheelTags>): string[] {
  return [...all].filter(([name, tags]) => !taken.includes(name) && wheelFits(tags, wish)).map(([name]) => name);
}

t.test('whatever pip would install there fits the wish for an interpreter on a platform', { skip }, async (t) => {
  let wheels = 0;
  for (const [python, { native, pure }] of pythons) {
    for (const [platform, places] of platforms) {
      const wish = { ...pythonWish(python), ...platformWish(platform) };
      const built = native.flatMap((pair) => places.map((place) => [...pair, place] as const));
      const taken = [...built, ...pure.map((pair) => [...pair, 'any'] as const)];
      const missed = taken.filter((tags) => !wheelFits(tagsOf(...tags), wish));
      t.same(missed, [], `${python} on ${platform}`);
      wheels += taken.length;
    }
  }
  t.ok(wheels > 100_000, `${wheels} wheels`);
});

t.test('a wish that names the exact ABI of an interpreter holds all that pip installs too', { skip }, async (t) => {
  const abis = ['cp312', 'abi3'];
  for (const [python, abi] of asked.pythons['3.12']?.native ?? []) {
    t.ok(wheelFits(tagsOf(python, abi, 'linux_x86_64'), { ...pythonWish('3.12'), abis }), `${python}-${abi}`);
  }
});

t.test('an interpreter fits nothing that pip would not install for it', { skip }, async (t) => {
  const names = [...new Set(pythons.flatMap(([, { native }]) => native.map((pair) => pair.join('-'))))];
  const all = new Map(names.map((name) => [name, tagsOf(name.split('-')[0] ?? '', name.split('-')[1] ?? '', 'any')]));
  t.ok(all.size > 60, `${all.size} tags`);
  for (const [python, { native }] of pythons) {
    const taken = native.map((pair) => pair.join('-'));
    t.same(surplus(pythonWish(python), taken, all), [], python);
  }
});

t.test('a platform fits nothing that pip would not install on it', { skip }, async (t) => {
  const all = new Map(platforms.flatMap(([, places]) => places.map((place) => [place, tagsOf('py3', 'none', place)])));
  t.ok(all.size > 300, `${all.size} tags`);
  for (const [platform, taken] of platforms) t.same(surplus(platformWish(platform), taken, all), [], platform);
});

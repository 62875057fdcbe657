/** What must hold for every policy, on recorded and made-up pages. */
import fc from 'fast-check';
import t from 'tap';
import { parseSimplePage, type SimplePage } from '../../src/formats/simple/simple-json.ts';
import { parseDistributionName } from '../../src/packaging/distribution-name.ts';
import { parseVersion } from '../../src/packaging/version.ts';
import { wheelFits } from '../../src/packaging/wheel-tags.ts';
import { planFiles } from '../../src/policy/plan-files.ts';
import { decideProject } from '../../src/policy/project-decision.ts';
import { recording, recordings, recordingsMissing } from '../fixtures/shared-fixtures.ts';
import { dayMs, heldFiles, named, pageOf, policyOf, type TestFile } from './policy-of.ts';

const tag = fc.constantFrom(
  'py3-none-any',
  'py2-none-any',
  'py38-none-any',
  'cp312-cp312-manylinux_2_17_x86_64',
  'cp311-cp311-manylinux_2_34_x86_64',
  'cp39-abi3-manylinux2014_aarch64',
  'cp312-cp312-musllinux_1_2_x86_64',
  'cp312-cp312-macosx_11_0_universal2',
  'cp311-cp311-win_amd64',
);
const version = fc.constantFrom('0.9', '1.0', '1.0a1', '1.1', '1.1.1', '2.0rc1', '2.0', '2.1.dev3', '3', '2004d');
const fileName = fc.oneof(
  fc.tuple(version, tag).map(([text, tags]) => `a-${text}-${tags}.whl`),
  version.map((text) => `a-${text}.tar.gz`),
  version.map((text) => `a-${text}.zip`),
  version.map((text) => `a-${text}-py3.11.egg`),
);
const hash = fc.integer({ min: 0, max: 9 }).map((digit) => String(digit).repeat(64));
const testFile: fc.Arbitrary<TestFile> = fc.record(
  {
    name: fileName,
    day: fc.integer({ min: 1, max: 31 }),
    size: fc.constantFrom(10, 500, 2000),
    yanked: fc.boolean(),
    sha256: hash,
  },
  { requiredKeys: ['name'] },
);
const madeUp = fc
  .uniqueArray(testFile, { selector: ({ name }) => name, minLength: 1, maxLength: 15 })
  .map((files) => pageOf('a', files));
const recorded = recordings('simple-json').flatMap((path) => {
  const page = parseSimplePage(recording(path), path);
  return page.files.length > 60 ? [] : [page];
});
const pages = recorded.length === 0 ? madeUp : fc.oneof(madeUp, fc.constantFrom(...recorded));

/** Rules of which each looks at one file alone. */
const fileRule = fc.constantFrom(
  'releases yanked = false',
  'releases min-age = "5d"',
  'releases max-age = "20d"',
  'files kinds = ["wheel", "sdist"]',
  'files kinds = ["wheel"]',
  'files systems = ["linux"]',
  'files machines = ["x86_64", "arm64"]',
  'files pythons = ["3.12"]',
  'files abis = ["abi3"]',
  'files glibc = "2.28"',
  'files max-size = "1kB"',
  'files sdists = "no"',
);
/** Rules that compare files with each other. */
const groupRule = fc.constantFrom(
  'releases prereleases = false',
  'releases keep = 2',
  'releases keep = 1\nkeep-per = "major"',
  'files sdists = "where-no-wheel-fits"',
  'files max-project-size = "3kB"',
);

/** A `mirror.toml` of rules such as `files kinds = ["wheel"]`; no key twice. */
function tomlOf(rules: readonly string[], before = ''): string {
  const byKey = new Map(rules.map((rule) => [rule.split(' ').slice(0, 2).join(' '), rule]));
  const of = (table: string) =>
    [...byKey.values()].filter((rule) => rule.startsWith(`${table} `)).map((rule) => rule.slice(table.length + 1));
  return [before, '[releases]', ...of('releases'), '[files]', ...of('files')].join('\n');
}

const fileRules = fc.uniqueArray(fileRule, { maxLength: 4 });
const allRules = fc.uniqueArray(fc.oneof(fileRule, groupRule), { maxLength: 5 });

t.test('one rule more never adds files', async (t) => {
  fc.assert(
    fc.property(pages, fileRules, fc.oneof(fileRule, groupRule), (page, rules, more) => {
      const key = more.split(' ').slice(0, 2).join(' ');
      const others = rules.filter((rule) => !rule.startsWith(`${key} `));
      const wide = new Set(heldFiles(policyOf(tomlOf(others)), page));
      return heldFiles(policyOf(tomlOf([...others, more])), page).every((name) => wide.has(name));
    }),
    { numRuns: 400 },
  );
  t.pass();
});

t.test('a narrower rule never adds files', async (t) => {
  const steps = [
    ['files sdists = "yes"', 'files sdists = "where-no-wheel-fits"', 'files sdists = "no"'],
    ['releases keep = 3', 'releases keep = 2', 'releases keep = 1'],
    ['releases min-age = "2d"', 'releases min-age = "9d"'],
    ['releases max-age = "25d"', 'releases max-age = "10d"'],
    ['files pythons = ["3.11", "3.12"]', 'files pythons = ["3.12"]'],
    ['files glibc = "2.34"', 'files glibc = "2.17"', 'files glibc = "2.5"'],
    ['files max-size = "2kB"', 'files max-size = "400B"'],
    ['files max-project-size = "9kB"', 'files max-project-size = "2kB"', 'files max-project-size = "1B"'],
  ];
  fc.assert(
    fc.property(pages, fc.constantFrom(...steps), (page, rules) => {
      const held = rules.map((rule) => new Set(heldFiles(policyOf(tomlOf([rule])), page)));
      return held.every((names, index) => [...names].every((name) => held[index - 1]?.has(name) ?? true));
    }),
    { numRuns: 300 },
  );
  t.pass();
});

t.test('files that are pinned by their hash are always held', async (t) => {
  fc.assert(
    fc.property(pages, allRules, (page, rules) => {
      const { sha256, filename } = page.files.find((file) => file.sha256 !== undefined) ?? {};
      if (sha256 === undefined) return true;
      const files = { 'r.txt': `${page.name}==77 --hash=sha256:${sha256}` };
      return heldFiles(policyOf(tomlOf(rules, 'requirements = "r.txt"'), files), page).includes(filename ?? '');
    }),
    { numRuns: 300 },
  );
  t.pass();
});

t.test('releases that are pinned pass all rules about releases', async (t) => {
  fc.assert(
    fc.property(madeUp, version, allRules, (page, pin, rules) => {
      const pinning = `projects = "a===${pin}"`;
      const own = rules.filter((rule) => rule.startsWith('releases '));
      return heldFiles(policyOf(tomlOf(own, pinning)), page).length === heldFiles(policyOf(pinning), page).length;
    }),
    { numRuns: 300 },
  );
  t.pass();
});

t.test('no more releases are kept than it says, for each want and group', async (t) => {
  const wants = ['a', 'a<2', 'a>=1.1', 'a!=1.0'];
  const pers = { project: 0, major: 1, minor: 2 };
  const perNames = fc.constantFrom('project', 'major', 'minor');
  fc.assert(
    fc.property(
      madeUp,
      fc.integer({ min: 1, max: 3 }),
      perNames,
      fc.subarray(wants, { minLength: 1 }),
      (page, keep, per, own) => {
        const toml = `projects = ${JSON.stringify(own)}\n[releases]\nkeep = ${keep}\nkeep-per = "${per}"`;
        const held = heldFiles(policyOf(toml), page).map((name) =>
          parseVersion(parseDistributionName(name)?.version ?? ''),
        );
        const releases = new Map(held.map((release) => [release?.order, release]));
        const groups = new Map<string, number>();
        for (const release of releases.values()) {
          if (release === undefined) continue;
          const group = release.release.slice(0, pers[per]).join('.');
          groups.set(group, (groups.get(group) ?? 0) + 1);
        }
        return [...groups.values()].every((count) => count <= keep * own.length);
      },
    ),
    { numRuns: 300 },
  );
  t.pass();
});

t.test('where sources are needless every wished place can install what it could before', async (t) => {
  const wishes = 'systems = ["linux", "macos"]\nmachines = ["x86_64"]\npythons = ["3.11", "3.12"]\nglibc = "2.28"';
  const withSources = policyOf(`[files]\n${wishes}`);
  const without = policyOf(`[files]\nsdists = "where-no-wheel-fits"\n${wishes}`);
  let dropped = 0;
  fc.assert(
    fc.property(pages, (page) => {
      const [all, few] = [heldFiles(withSources, page), heldFiles(without, page)];
      dropped += all.length - few.length;
      return without.files.installTargets.every(({ wheelFilter: wish }) => {
        const installable = (names: readonly string[]) =>
          new Set(
            names.flatMap((text) => {
              const name = parseDistributionName(text, named(page.name));
              const fits = name?.kind === 'sdist' || (name?.tags !== undefined && wheelFits(name.tags, wish));
              return fits && name?.kind !== 'egg' ? [parseVersion(name?.version ?? '')?.order ?? name?.version] : [];
            }),
          ).size;
        return installable(all) === installable(few);
      });
    }),
    { numRuns: 300 },
  );
  t.ok(dropped > 10, `${dropped} were dropped`);
});

t.test('until the time that is told the plan stays the same', async (t) => {
  fc.assert(
    fc.property(madeUp, allRules, fc.integer({ min: 1, max: 40 }), (page, rules, day) => {
      const policy = policyOf(tomlOf([...rules, 'releases min-age = "3d"']));
      const plan = (at: number) => planFiles(policy, decideProject(policy, named('a')), page, at);
      const held = (at: number) => plan(at).files.map(({ hold }) => hold);
      const { nextChange } = plan(dayMs(day));
      const until = nextChange === undefined ? dayMs(10_000) : nextChange - 1;
      return JSON.stringify(held(dayMs(day))) === JSON.stringify(held(until)) && (nextChange ?? until) > dayMs(day);
    }),
    { numRuns: 300 },
  );
  t.pass();
});

t.test('every file of a recorded page gets a decision in its place', { skip: recordingsMissing }, async (t) => {
  const policy = policyOf(tomlOf(['releases keep = 3', 'releases prereleases = false', 'files kinds = ["wheel"]']));
  for (const page of recorded)
    t.same(
      decidedNames(policy, page),
      page.files.map(({ filename }) => filename),
      page.name,
    );
});

function decidedNames(policy: ReturnType<typeof policyOf>, page: SimplePage): string[] {
  const { files } = planFiles(policy, decideProject(policy, named(page.name)), page, dayMs(31));
  return files.map(({ file }) => file.filename);
}

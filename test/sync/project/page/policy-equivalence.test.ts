/** Whatever a mirror held before, under one policy it ends as the same tree, byte for byte. */
import t, { type Test } from 'tap';
import { someCases } from '../../../fixtures/every-case.ts';
import { FakeClock } from '../../../fixtures/fake-clock.ts';
import {
  contentOf,
  fetched,
  openMirrorsOf,
  plansOf,
  unsound,
  unsoundState,
} from '../../../fixtures/partial-mirrors.ts';
import { policyFrom } from '../../../fixtures/policy-from.ts';
import type { SampleIndex } from '../../../sample/sample-index.ts';
import { sampleIndex } from '../../../sample/sample-projects.ts';
import { tangledIndex } from '../../../sample/tangled-index.ts';

/** Every kind of rule; what names projects fits the sample index, the rest any. */
const anywhere: readonly string[] = [
  '[releases]\nkeep = 1',
  'unmirrored = "upstream"\n[releases]\nkeep = 2\nkeep-per = "major"',
  '[releases]\nprereleases = false\nyanked = false',
  '[releases]\nmin-age = "320d"\nmin-age-exempt = ["*-base"]',
  '[releases]\nmax-age = "320d"\n[files]\nsdists = "no"',
  '[files]\nkinds = ["wheel"]',
  '[files]\nsystems = ["linux", "windows"]\nmachines = ["x86_64"]\npythons = ["3.12"]',
  'unmirrored = "upstream"\n[files]\nsdists = "where-no-wheel-fits"\nsystems = ["linux"]\npythons = ["3.11"]\nglibc = "2.17"',
  '[files]\nmax-size = "1kB"\nmax-project-size = "3kB"',
  'otherwise = "pages-only"',
];

const ofSamples: readonly string[] = [
  'projects = ["sample-base", "sample-pure", "sample-archived"]',
  'projects = ["sample-base>=1.9", "sample-yanked==1.1"]\n[releases]\nyanked = false',
  'projects = ["sample-p*"]',
  '[[rule]]\nprojects = ["sample-base", "*-large"]\nhold = "none"',
  '[[rule]]\nprojects = ["sample-pl*"]\nhold = "pages-only"',
  'otherwise = "pages-only"\nunmirrored = "upstream"\nprojects = ["sample-base<1.10"]',
  'projects = ["sample-app", "sample-extras[all]"]\ndependencies = true',
  'projects = ["sample-extras"]\ndependencies = true\nunmirrored = "upstream"',
];

const ofTangled: readonly string[] = [
  'projects = ["tangled-01", "tangled-07[more]"]\ndependencies = true',
  'projects = ["tangled-0*"]\ndependencies = true\n[[environment]]\npython = "3.12"\nplatform = "linux"\n[releases]\nkeep = 1',
  'dependencies = true\n[[rule]]\nprojects = ["tangled-03", "tangled-1*"]\nhold = "none"\n[[rule]]\nprojects = ["tangled-04>=2"]',
];

/**
 * Brings three mirrors under each policy in turn: a new one, one that held all, one that held what the policy before did.
 * Trees that are the same as one that readers find right are not read again.
 */
async function compare(t: Test, index: SampleIndex, policies: readonly string[]): Promise<void> {
  const open = await openMirrorsOf(t, index);
  const wandering = open('wandering');
  const all = await open.full('everything');
  t.same(unsound(all), []);
  const everything = contentOf(all.web);
  for (const [at, toml] of policies.entries()) {
    await t.test(toml.replaceAll('\n', '  '), async (t) => {
      const policy = policyFrom(toml);
      const [fresh, whole] = [open(`fresh-${at}`), await open.full(`whole-${at}`)];
      await fresh.run({ policy });
      t.same(unsound(fresh), [], 'policy first');
      await whole.run({ policy });
      t.same(fetched(whole), [], 'what is there is not fetched again');
      t.same(unsoundState(whole), [], 'policy later');
      const [expected, plans] = [contentOf(fresh.web), plansOf(fresh)];
      t.same(contentOf(whole.web), expected);
      t.same(plansOf(whole), plans);
      await wandering.run({ policy });
      t.same(unsoundState(wandering), [], 'another policy before');
      t.same(contentOf(wandering.web), expected);
      t.same(plansOf(wandering), plans);
      await whole.run({ policy });
      t.same(whole.requested(), ['changelog_since_serial'], 'and then there is nothing to do');
      t.same(whole.eventsOf('project-started'), []);
      if (at % 4 > 0) return;
      await fresh.run();
      t.same(unsoundState(fresh), [], 'no policy any more');
      t.same(contentOf(fresh.web), everything);
      t.notOk(Object.values(plansOf(fresh)).some((plan) => 'decisionKey' in (plan as object)));
    });
  }
}

t.test('the sample index', (t) => compare(t, sampleIndex(), someCases([...anywhere, ...ofSamples], 4)));

t.test('projects that need each other', (t) =>
  compare(t, tangledIndex(7, 12, new FakeClock().now()), [...someCases(anywhere.slice(0, 5), 4), ...ofTangled]),
);

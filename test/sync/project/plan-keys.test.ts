/** Rules that differ in one thing only are other rules: a mirror that changes to them holds what a new one would. */
import t from 'tap';
import { contentOf, openMirrorsOf, unsound } from '../../fixtures/partial-mirrors.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { makeSdist, makeWheel } from '../../sample/distributions.ts';
import { SampleIndex } from '../../sample/sample-index.ts';

const old = { uploadTime: new Date('2026-01-01T00:00:00Z') };
const young = { uploadTime: new Date('2026-11-20T00:00:00Z') };

const index = new SampleIndex();
index.publish(makeWheel({ name: 'x', version: '1', requires: ['a==1', 'b'] }), old);
index.publish(makeWheel({ name: 'a', version: '1' }), young);
index.publish(makeSdist({ name: 'a', version: '1' }), old);
const sdist = index.publish(makeSdist({ name: 'b', version: '1' }), old);
const wheel = index.publish(makeWheel({ name: 'b', version: '1' }), young);
index.publish(makeWheel({ name: 'b', version: '1.1' }), old);
index.publish(makeWheel({ name: 'b', version: '2' }), old);

interface Rules {
  readonly toml: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** A pin of `file`, be it in the requirements or in their constraints. */
const pinned = ({ sha256 }: { readonly sha256: string }) => `b==1 --hash=sha256:${sha256}\n`;
const constrained = (file: { readonly sha256: string }) => ({ 'r.txt': '-c c.txt\nx\n', 'c.txt': pinned(file) });
const withAge = '\n[releases]\nmin-age = "7d"\nmin-age-exempt = ["x"]';
const pairs: Readonly<Record<string, readonly [Rules, Rules]>> = {
  'a release that the mirror pins, and one that a dependency pins': [
    { toml: `dependencies = true\nprojects = ["x", "a==1"]${withAge}` },
    { toml: `dependencies = true\nprojects = ["x"]${withAge}` },
  ],
  'one project that is exempt, and another': [
    { toml: '[releases]\nmin-age = "7d"\nmin-age-exempt = ["a"]' },
    { toml: '[releases]\nmin-age = "7d"\nmin-age-exempt = ["b"]' },
  ],
  'the hash of one file, and that of another': [
    { toml: 'requirements = ["r.txt"]\n[files]\nmax-size = "1B"', files: { 'r.txt': pinned(sdist) } },
    { toml: 'requirements = ["r.txt"]\n[files]\nmax-size = "1B"', files: { 'r.txt': pinned(wheel) } },
  ],
  'the hash in a constraint, and another one': [
    { toml: 'dependencies = true\nrequirements = ["r.txt"]\n[files]\nkinds = ["wheel"]', files: constrained(sdist) },
    { toml: 'dependencies = true\nrequirements = ["r.txt"]\n[files]\nkinds = ["wheel"]', files: constrained(wheel) },
  ],
  'the newest of a project, and of each major version': [
    { toml: '[releases]\nkeep = 1' },
    { toml: '[releases]\nkeep = 1\nkeep-per = "major"' },
  ],
  'pages alone, and files': [
    { toml: '[[rule]]\nprojects = ["b"]\nhold = "pages-only"' },
    { toml: '[[rule]]\nprojects = ["b"]\nhold = "files"' },
  ],
  'files that are not held are hidden, and linked': [
    { toml: 'unmirrored = "hide"\n[files]\nkinds = ["wheel"]' },
    { toml: 'unmirrored = "upstream"\n[files]\nkinds = ["wheel"]' },
  ],
  'one specifier, and another that allows the same but for one release': [
    { toml: 'projects = ["b<2"]' },
    { toml: 'projects = ["b<1.1"]' },
  ],
};

for (const [what, pair] of Object.entries(pairs)) {
  t.test(what, async (t) => {
    const open = await openMirrorsOf(t, index);
    const policies = pair.map(({ toml, files }) => policyFrom(toml, files));
    const wanted = [];
    for (const [at, policy] of policies.entries()) {
      const fresh = open(`fresh-${at}`);
      await fresh.run({ policy });
      t.same(unsound(fresh), []);
      wanted.push(contentOf(fresh.web));
    }
    t.notSame(wanted[0], wanted[1], 'they hold different things');
    const changing = open('changing');
    for (const at of [0, 1, 0]) {
      await changing.runLater({ policy: policies[at] });
      t.same(contentOf(changing.web), wanted[at], `changed to the ${at === 0 ? 'first' : 'second'}`);
      t.same(unsound(changing), []);
    }
  });
}

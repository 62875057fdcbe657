import fc from 'fast-check';
import t from 'tap';
import { compileGlob, globMatches } from '../../src/policy/glob.ts';
import { decideProject, mayHold, policyNames } from '../../src/policy/project-decision.ts';
import { explainProject } from '../../src/policy/render-reason.ts';
import { ownWant } from '../../src/policy/want.ts';
import { heldFiles, named, pageOf, policyOf } from './policy-of.ts';

const dependency = ownWant({ where: 'mirror.toml:1', text: 'dependency of flask 2.0' });

function decided(toml: string, ...names: string[]): string[] {
  const policy = policyOf(toml);
  return names.map((name) => explainProject(decideProject(policy, named(name))));
}

t.test('without rules every project is held', async (t) => {
  t.same(decided('', 'flask'), ['flask  held  everything is held']);
});

t.test('the first rule that matches decides, and says which line it is', async (t) => {
  const toml = `
projects = ["torch", "a*"]
[[rule]]
projects = ["Torch.Vision", "nvidia-*",
  "/^tor.h$/"]
hold = "pages-only"
[[rule]]
projects = "acme-*"
hold = "none"
`;
  t.same(decided(toml, 'torch', 'torch-vision', 'nvidia-x', 'acme-y', 'acme', 'zlib'), [
    'torch  pages only  mirror.toml:6 (hold = "pages-only"): /^tor.h$/',
    'torch-vision  pages only  mirror.toml:6 (hold = "pages-only"): Torch.Vision',
    'nvidia-x  pages only  mirror.toml:6 (hold = "pages-only"): nvidia-*',
    'acme-y  left out  mirror.toml:9 (hold = "none"): acme-*',
    'acme  held  mirror.toml:2 (a*)',
    'zlib  left out  mirror.toml:2 (no rule names the project)',
  ]);
});

t.test('rules that only take away leave the rest', async (t) => {
  const toml = '[[rule]]\nprojects = "torch"\nhold = "none"';
  t.same(decided(toml, 'torch', 'x'), [
    'torch  left out  mirror.toml:3 (hold = "none"): torch',
    'x  held  everything is held',
  ]);
  t.same(decided(`otherwise = "pages-only"\n${toml}`, 'x'), [
    'x  pages only  mirror.toml:1 (otherwise = "pages-only")',
  ]);
});

t.test('names, globs and regexes are compared in normalized form', async (t) => {
  const policy = policyOf('projects = ["A_b", "C..D*", "/^Ef/"]');
  for (const name of ['a-b', 'c-d', 'c-dx', 'efg']) t.ok(mayHold(policy, named(name)), name);
  for (const name of ['ab', 'a-b-c', 'xc-d', 'xef']) t.notOk(mayHold(policy, named(name)), name);
});

t.test('what others depend on is held unless a rule forbids it', async (t) => {
  const policy = policyOf(
    'projects = "flask>=2"\n[[rule]]\nprojects = "bad"\nhold = "none"\n[[rule]]\nprojects = "big"\nhold = "pages-only"',
  );
  const holds = (name: string) => decideProject(policy, named(name), [dependency]).hold;
  t.equal(holds('bad'), 'none');
  t.equal(holds('big'), 'pages-only');
  t.equal(holds('werkzeug'), 'files');
  t.equal(
    explainProject(decideProject(policy, named('werkzeug'), [dependency])),
    'werkzeug  held  mirror.toml:1 (dependency of flask 2.0)',
  );
  const page = pageOf('flask', ['flask-1.0.zip', 'flask-2.0.zip']);
  t.same(heldFiles(policy, page), ['flask-2.0.zip']);
  t.same(heldFiles(policy, page, 31, [dependency]), ['flask-1.0.zip', 'flask-2.0.zip'], 'each want counts');
});

t.test('the wants of one rule are joined, those of a later one are not looked at', async (t) => {
  const policy = policyOf('projects = "a"\n[[rule]]\nprojects = ["a<2", "a==3"]\nrequirements = "r.txt"', {
    'r.txt': 'a>=5\nb>=1\n',
  });
  const page = pageOf('a', ['a-1.zip', 'a-2.zip', 'a-3.zip', 'a-4.zip', 'a-5.zip']);
  t.same(heldFiles(policy, page), ['a-1.zip', 'a-3.zip', 'a-5.zip']);
});

t.test('a requirement counts where its marker may hold', async (t) => {
  const toml = 'projects = ["a; sys_platform == \'win32\'", "b; python_version >= \'3.9\'"]';
  const names = (more: string) => policyNames(policyOf(toml + more));
  t.same(names(''), ['a', 'b'], 'anywhere');
  t.same(names('\n[[environment]]\nplatform = "linux"'), ['b']);
  t.same(names('\n[[environment]]\nplatform = "linux"\n[[environment]]\nplatform = "windows"\npython = "3.8"'), [
    'a',
    'b',
  ]);
});

t.test('constraints narrow what the file asks for, where they hold everywhere', async (t) => {
  const files = { 'r.txt': '-c c.txt\na>=1\nb\n', 'c.txt': "a<3\nb<1; python_version < '3.9'\nz==1\n" };
  const policy = policyOf('requirements = "r.txt"', files);
  t.same(heldFiles(policy, pageOf('a', ['a-0.zip', 'a-1.zip', 'a-2.zip', 'a-3.zip'])), ['a-1.zip', 'a-2.zip']);
  t.same(heldFiles(policy, pageOf('b', ['b-1.zip', 'b-2.zip'])), ['b-1.zip', 'b-2.zip']);
  t.same(policyNames(policy), ['a', 'b'], 'a constraint asks for nothing');
});

t.test('the names are known when nothing is left open', async (t) => {
  const names = (toml: string) => policyNames(policyOf(toml));
  t.equal(names(''), undefined);
  t.same(names('projects = ["b", "a>=2"]'), ['a', 'b']);
  t.equal(names('projects = ["b", "a*"]'), undefined);
  t.equal(names('projects = ["b", "/a/"]'), undefined);
  t.equal(names('projects = ["b"]\notherwise = "pages-only"'), undefined);
  t.same(names('projects = ["b", "a"]\n[[rule]]\nprojects = "a*"\nhold = "none"'), ['b']);
  t.equal(names('[[rule]]\nprojects = "a"\nhold = "none"'), undefined);
});

t.test('a glob means what the same regex means', async (t) => {
  const glob = fc.string({ unit: fc.constantFrom('a', 'b', '-', '*', '?'), maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 8 });
  fc.assert(
    fc.property(glob, text, (shape, name) => {
      const regex = new RegExp(`^${shape.replaceAll('*', '.*').replaceAll('?', '.')}$`);
      const isMatch = regex.test(name);
      // A text without a wildcard is no glob.
      const compiled = /[*?]/.test(shape) ? compileGlob(shape)(name) : isMatch;
      return globMatches(shape, name) === isMatch && compiled === isMatch;
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(glob, glob, text, (wide, narrow, name) => {
      return !globMatches(wide, narrow) || !globMatches(narrow, name) || globMatches(wide, name);
    }),
    { numRuns: 2000 },
  );
  t.notOk(globMatches('*a*a*a*a*a*a*a*a*a*b', 'a'.repeat(200)), 'in no time');
});

const pattern = fc.oneof(
  fc.constantFrom('a', 'ab', 'ba', 'a-b', '/a.b/', '/^a|^b/', '/b$/'),
  fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), minLength: 1, maxLength: 3 }),
);
const rule = fc.record({
  projects: fc.array(pattern, { minLength: 1, maxLength: 4 }),
  hold: fc.constantFrom('files', 'none'),
});

t.test('the index finds the rule that trying one after the other finds', async (t) => {
  const name = fc.stringMatching(/^[ab](?:[ab-]{0,2}[ab])?$/).filter((text) => !text.includes('--'));
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 5 }), fc.array(name, { minLength: 1, maxLength: 10 }), (rules, names) => {
      const { index, ...policy } = policyOf(
        rules
          .map(({ projects, hold }) => `[[rule]]\nprojects = ${JSON.stringify(projects)}\nhold = "${hold}"`)
          .join('\n'),
      );
      return names.map(named).every((text) => {
        const first = policy.rules.findIndex(
          (one) => one.named.has(text) || one.open.some(({ matches }) => matches(text)),
        );
        return index(text) === first;
      });
    }),
  );
  t.pass();
});

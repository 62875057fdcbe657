import t from 'tap';
import { fingerprintOf } from '../../src/policy/fingerprint.ts';
import { decideProject, policyNames, sourceOf } from '../../src/policy/project-decision.ts';
import { named, policyOf, problemOf } from './policy-of.ts';

const own = 'upstream = "https://py.internal.example/simple/"';
const url = 'https://py.internal.example/simple';

t.test('the first rule that names a project says where it comes from', async (t) => {
  const policy = policyOf(`[[rule]]
projects = ["acme-oss"]
[[rule]]
projects = ["acme-*", "/^tool[0-9]$/"]
${own}
[[rule]]
projects = ["acme-here"]
hold = "local"
[[rule]]
projects = ["here"]
hold = "local"`);
  const sources = ['acme-oss', 'Acme.Core', 'tool7', 'acme-here', 'here', 'flask'].map((name) =>
    sourceOf(policy, named(name)),
  );
  t.same(sources, [undefined, url, url, url, 'local', undefined]);
  t.match(decideProject(policy, named('acme-core')), { hold: 'files', source: url });
  t.match(decideProject(policy, named('here')), { hold: 'local', source: 'local' });
});

t.test('such a rule leaves out nothing of the upstream', async (t) => {
  for (const rule of [own, 'hold = "local"']) {
    const policy = policyOf(`[[rule]]\nprojects = ["acme-*"]\n${rule}`);
    t.equal(decideProject(policy, named('flask')).hold, 'files');
    t.equal(policyNames(policy), undefined);
  }
  const some = policyOf(`projects = ["flask"]\n[[rule]]\nprojects = ["acme-*", "one"]\n${own}`);
  t.equal(decideProject(some, named('numpy')).hold, 'none');
  t.same(policyNames(some), ['flask', 'one'], "and needs no list of the upstream's");
});

t.test('addresses are as pip has them', async (t) => {
  const indexOf = (address: string) =>
    policyOf(`[[rule]]\nprojects = "a"\nupstream = "${address}"`).rules[0]?.index?.url;
  t.equal(indexOf('https://py.internal.example'), url);
  t.equal(indexOf('https://py.internal.example/simple'), url);
  t.equal(indexOf('https://devpi.example/root/private/+simple/'), 'https://devpi.example/root/private/+simple');
  t.equal(indexOf('https://download.example/whl/cpu'), 'https://download.example/whl/cpu');
});

t.test('what makes no sense is refused with its line', async (t) => {
  const problem = (rule: string): string => problemOf(`[[rule]]\nprojects = "a"\n${rule}`);
  t.match(problem('upstream = "py.internal.example"'), /^mirror\.toml:3: rule\.upstream: expected an address/);
  t.match(problem('upstream = "ftp://py.internal.example/"'), /expected an address/);
  const secret = problem('upstream = "https://me:s3cret@py.internal.example/"');
  t.match(secret, /put the password into netrc-file/);
  t.notMatch(secret, /s3cret/);
  t.match(problem(`hold = "none"\n${own}`), /^mirror\.toml:4: rule\.upstream: means nothing with hold = "none"/);
  t.match(problem(`hold = "local"\n${own}`), /means nothing with hold = "local"/);
  t.match(problem('file-hosts = ["a.example"]'), /is for a rule with an upstream of its own/);
  t.match(problem(`${own}\nfile-hosts = ["https://a.example"]`), /expected a host such as/);
  t.match(problemOf('otherwise = "local"'), /expected "files" or "pages-only" or "none"/);
});

t.test('a rule that says where its projects come from is another rule', async (t) => {
  const key = (rule: string): string => fingerprintOf(policyOf(`[[rule]]\nprojects = "a"\n${rule}`)).projects;
  t.not(key(''), key(own));
  t.not(key(own), key('upstream = "https://other.example/simple/"'));
});

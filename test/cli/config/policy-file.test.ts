import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { readConfigFile } from '../../../src/cli/config/config-file.ts';
import { readPolicy } from '../../../src/cli/config/policy-file.ts';
import { UsageError } from '../../../src/core/errors.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { mayHold, policyNames } from '../../../src/policy/project-decision.ts';
import { named } from '../../fixtures/test-mirror.ts';

function folderWith(t: Test, files: Readonly<Record<string, string>>): string {
  return t.testdir({ ...files });
}

async function read(t: Test, toml: string, files: Readonly<Record<string, string>> = {}): Promise<Policy | undefined> {
  const folder = folderWith(t, { ...files, 'mirror.toml': toml });
  return readPolicy(readConfigFile(join(folder, 'mirror.toml')));
}

async function problem(t: Test, toml: string, files: Readonly<Record<string, string>> = {}): Promise<string> {
  try {
    await read(t, toml, files);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error.message.replaceAll(`${t.testdirName}/`, '');
  }
}

t.test('a file without a policy restricts nothing', async (t) => {
  t.equal(await read(t, 'workers = 5\n'), undefined);
});

t.test('requirements files are found beside mirror.toml, and one may include another', async (t) => {
  const files = { 'app.txt': '-r more.txt\nalpha>=1\n', 'more.txt': 'beta\n' };
  const policy = await read(t, 'requirements = ["app.txt"]', files);
  t.same(policy && policyNames(policy), ['alpha', 'beta']);
});

t.test('a requirements file may be in the encoding that a shell of Windows writes', async (t) => {
  const folder = folderWith(t, { 'mirror.toml': 'requirements = ["app.txt"]' });
  writeFileSync(join(folder, 'app.txt'), Buffer.from('\ufeffalpha==1.0\r\n-r more.txt\r\n', 'utf16le'));
  writeFileSync(join(folder, 'more.txt'), Buffer.from('\ufeffbeta\r\n', 'utf16le').swap16());
  const policy = await readPolicy(readConfigFile(join(folder, 'mirror.toml')));
  t.same(policy && policyNames(policy), ['alpha', 'beta']);
});

t.test('patterns may be regular expressions', async (t) => {
  const policy = await read(t, '[[rule]]\nprojects = ["/^corp-/"]\nhold = "none"');
  const [corp, other] = named('corp-secret', 'public-corp');
  t.equal(policy && corp && mayHold(policy, corp), false);
  t.equal(policy && other && mayHold(policy, other), true);
});

t.test('errors name file and line', async (t) => {
  t.equal(
    await problem(t, 'projects = ["a"]\n\n[releases]\nkeep = 0'),
    'mirror.toml:4: releases.keep: expected a whole number from 1 on, found 0',
  );
  t.match(await problem(t, 'requirements = ["absent.txt"]'), /^absent\.txt: cannot be read: ENOENT/);
});

t.test('a policy that holds nothing at all is a mistake, and would remove the mirror', async (t) => {
  const toml = '\nrequirements = ["app.txt"]';
  const why = 'no project is held, which would remove the whole mirror: ';
  const removal = `${why}name at least one`;
  t.equal(
    await problem(t, toml, { 'app.txt': '# all gone\n' }),
    `mirror.toml:2: ${why}mirror.toml:2: app.txt asks for no project`,
  );
  const elsewhere = '--index-url https://me:secret@py.internal.example/simple\nacme\n';
  t.match(
    await problem(t, toml, { 'app.txt': elsewhere }),
    /^mirror\.toml:2: no project .* mirror: app\.txt:1: https:\/\/py\.internal\.example\/simple is not .* passed over: acme; /,
  );
  t.equal(await problem(t, 'otherwise = "none"'), `mirror.toml: ${removal}`);
  t.equal(
    await problem(t, 'projects = ["a"]\n[[rule]]\nprojects = ["a"]\nhold = "none"'),
    `mirror.toml:4: ${why}mirror.toml:1: this rule never decides: earlier rules take all its projects`,
  );
  t.equal(await problem(t, 'projects = []'), 'mirror.toml:1: projects: expected a list of texts, found []');
  t.equal(await problem(t, 'requirements = []'), 'mirror.toml:1: requirements: expected a list of texts, found []');
  t.equal(await problem(t, toml, { 'app.txt': 'alpha\n' }), 'accepted');
});

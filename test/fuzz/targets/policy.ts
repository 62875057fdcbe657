import fc from 'fast-check';
import { parseToml } from '../../../src/cli/config/config-file.ts';
import { UsageError } from '../../../src/core/errors.ts';
import { fingerprintOf } from '../../../src/policy/fingerprint.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { mayHold, policyNames } from '../../../src/policy/project-decision.ts';
import { heldFiles, named, pageOf, policyOf } from '../../policy/policy-of.ts';
import { demand, demandSame, type FuzzTarget, outcome } from '../fuzz-target.ts';
import { oneOf, sequence } from './pieces.ts';
import { tomlTokens } from './toml-text.ts';

const pattern = oneOf(
  'flask',
  'acme-*',
  '/^a/',
  'flask>=2',
  'a[x]==1',
  '*',
  'b; os_name == "nt"',
  '/(/',
  'Foo.Bar~=1.0',
  '',
);
const projects = fc.array(pattern, { maxLength: 3 }).map((found) => JSON.stringify(found));
const list = oneOf('["r.txt"]', '"r.txt"', '["uv.lock", "r.txt"]', '"none.txt"', '[]');
const setting = fc.oneof(
  sequence('projects = ', projects),
  sequence('requirements = ', list),
  sequence('otherwise = ', oneOf('"none"', '"index"', '"files"', '1')),
  sequence(oneOf('dependencies', 'unmirrored'), ' = ', oneOf('true', 'false', '"hide"', '"upstream"')),
);
const releases = sequence(
  oneOf('keep', 'keep-per', 'min-age', 'max-age', 'min-age-exempt', 'prereleases', 'yanked'),
  ' = ',
  oneOf('3', '0', '"major"', '"7d"', '"2w"', '["acme-*"]', 'false', 'true', '"x"'),
);
const files = sequence(
  oneOf('kinds', 'sdists', 'systems', 'machines', 'pythons', 'abis', 'glibc', 'musl', 'max-size', 'max-project-size'),
  ' = ',
  oneOf(
    '["wheel"]',
    '"yes"',
    '"no"',
    '"where-no-wheel-fits"',
    '["linux", "macos"]',
    '["x86_64"]',
    '["3.12"]',
    '"2.28"',
    '"5GB"',
    '[]',
  ),
);
const environment = sequence(
  oneOf('python', 'platform', 'machine', 'implementation'),
  ' = ',
  oneOf('"3.12"', '"linux"', '"arm64"', '"cpython"', '1'),
);

function section(header: string, line: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.array(line, { maxLength: 3 }).map((lines) => (lines.length === 0 ? '' : [header, ...lines].join('\n')));
}

const rule = section(
  '[[rule]]',
  fc.oneof(
    sequence('projects = ', projects),
    sequence('requirements = ', list),
    sequence('hold = ', oneOf('"files"', '"none"', '"index"')),
  ),
);
const document = fc
  .tuple(
    section('', setting),
    rule,
    rule,
    section('[releases]', releases),
    section('[files]', files),
    section('[[environment]]', environment),
    section('[budget]', sequence(oneOf('size', 'reserve'), ' = ', oneOf('"1TB"', '"5 GiB"', '5'))),
  )
  .map((sections) => sections.filter((text) => text !== '').join('\n'));

const included = {
  'r.txt': `flask>=1 # x\nb==2 --hash=sha256:${'a'.repeat(64)}\n-c c.txt\n`,
  'c.txt': 'flask<3\n',
  'uv.lock': 'version = 1\n[[package]]\nname = "b"\nversion = "2"\nsource = { registry = "x" }\n',
};
const page = pageOf('flask', [
  ...[
    'flask-1.0.tar.gz',
    'flask-2.0.tar.gz',
    'flask-2.0-py3-none-any.whl',
    'flask-2.1rc1-cp312-abi3-win32.whl',
    'flask.zip',
  ],
  { name: 'flask-3.0.zip', day: 5, size: 10, yanked: true, python: '>=3', sha256: 'a'.repeat(64) },
]);

function read(text: string): Policy | undefined {
  return outcome(() => {
    // Refuses with the line what the policy's own reader is never given.
    parseToml(text, 'mirror.toml');
    return policyOf(text, included);
  }, UsageError)?.value;
}

function check(text: string): void {
  const policy = read(text);
  if (policy === undefined) return;
  demand(
    policy.warnings.every((line) => /^\S+:\d+: .+$/s.test(line) && !line.includes('\n')),
    'a warning is a line with its place',
  );
  const held = heldFiles(policy, page);
  demandSame(heldFiles(policy, page), held, 'a decision stays the same');
  const names = policyNames(policy);
  for (const name of ['flask', 'acme-x', 'b', 'zzz'].map(named)) {
    const isNamed = names === undefined || names.includes(name) || !mayHold(policy, name);
    demand(isNamed, 'what may be held is among the names, where they are known');
  }
  const commented = `${text}\n# a comment`;
  demandSame(
    read(commented) && fingerprintOf(read(commented) ?? policy),
    fingerprintOf(policy),
    'a comment changes nothing',
  );
}

export const policy: FuzzTarget = {
  name: 'policy',
  encoding: 'utf8',
  inputs: document,
  tokens: [
    ...tomlTokens,
    'projects = ["flask"]\n',
    '"acme-*",',
    '"/^a/",',
    '"a",',
    '[[rule]]\nprojects = "a"\n',
    '"a>=1",',
    '"*?",',
  ],
  starts: [
    '',
    'projects = [',
    'projects = "',
    '[files]\nsystems = ["',
    '[[rule]]\nprojects = ["a"]\n',
    'projects = "/',
  ],
  read,
  check,
};

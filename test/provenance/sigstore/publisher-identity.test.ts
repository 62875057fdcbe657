/** Who has signed, by the members of a certificate, against who the index says has published. */
import type { Signer } from '@sigstore/verify';
import t from 'tap';
import { NonsenseError } from '../../../src/core/errors.ts';
import { expectPublisher } from '../../../src/provenance/sigstore/publisher-identity.ts';

const members = { issuer: 8, repository: 12, digest: 13, ref: 14, workflow: 18 };
type Claims = Partial<Record<keyof typeof members, string>>;

const repository = 'https://github.com/pypa/sampleproject';
const workflow = `${repository}/.github/workflows/release.yml`;
const right: Claims = {
  issuer: 'https://token.actions.githubusercontent.com',
  repository,
  digest: 'a'.repeat(40),
  ref: 'refs/heads/main',
  workflow: `${workflow}@refs/heads/main`,
};

/** A signer whose certificate has these members, each a UTF-8 string in DER. */
function signer(claims: Claims): Signer {
  const oids = Object.entries(claims).map(([name, text]) => {
    const value = Buffer.from(text);
    const length = value.length < 128 ? [value.length] : [0x81, value.length];
    const id = [1, 3, 6, 1, 4, 1, 57264, 1, members[name as keyof typeof members]];
    return { oid: { id }, value: Buffer.concat([Buffer.from([0x0c, ...length]), value]) };
  });
  return { identity: { oids } } as unknown as Signer;
}

const publisher = { kind: 'GitHub', repository: 'pypa/sampleproject', workflow: 'release.yml' };

t.test('a publisher is known by issuer, repository and workflow, at the branch or commit of the run', async (t) => {
  for (const claims of [
    right,
    { ...right, workflow: `${workflow}@${right.digest}` },
    { ...right, ref: '', workflow: `${workflow}@${right.digest}` },
  ]) {
    t.equal(expectPublisher(publisher, signer(claims), 'publish'), repository);
  }
  t.equal(
    expectPublisher(publisher, signer({ ...right, workflow: 'any' }), 'build'),
    repository,
    'a build may be of another workflow',
  );
});

t.test('everybody else is refused, though only one member differs', async (t) => {
  const { workflow: _workflow, ...withoutWorkflow } = right;
  const { ref: _ref, digest: _digest, ...withoutVersions } = right;
  for (const [what, claims] of Object.entries<Claims>({
    'another issuer': { ...right, issuer: 'https://gitlab.com' },
    'another repository': { ...right, repository: `${repository}-evil` },
    'another workflow': { ...right, workflow: `${repository}/.github/workflows/evil.yml@refs/heads/main` },
    'another branch': { ...right, workflow: `${workflow}@refs/heads/evil` },
    'no branch': { ...right, workflow: `${workflow}@` },
    'an empty branch': { ...right, ref: '', workflow: `${workflow}@` },
    'an empty commit': { ...right, digest: '', workflow: `${workflow}@` },
    'no version at all': { ...right, workflow },
    'no workflow': withoutWorkflow,
    'neither branch nor commit': withoutVersions,
    nothing: {},
  })) {
    t.throws(() => expectPublisher(publisher, signer(claims), 'publish'), NonsenseError, what);
  }
  for (const [what, changes] of Object.entries({
    'another kind': { kind: 'GitLab' },
    'an unknown kind': { kind: 'github' },
    'no workflow': { workflow: '' },
    'no repository': { repository: null },
  })) {
    t.throws(() => expectPublisher({ ...publisher, ...changes }, signer(right), 'publish'), NonsenseError, what);
  }
});

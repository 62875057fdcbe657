/**
 * Compares the owner of a certificate with a publisher. Sigstore's certificate authority wrote the owner's identity
 * into the certificate when it was issued. PyPI compares the same members before it accepts a file.
 */
import { ASN1Obj } from '@sigstore/core';
import type { Signer } from '@sigstore/verify';
import { NonsenseError } from '../../core/errors.ts';
import type { StatementKind } from '../../formats/attested-statement.ts';
import type { JsonObject } from '../../formats/json.ts';

/** Members of a certificate, by Fulcio's object identifiers. Each is a text. */
const members = {
  issuer: '1.3.6.1.4.1.57264.1.8',
  repository: '1.3.6.1.4.1.57264.1.12',
  digest: '1.3.6.1.4.1.57264.1.13',
  ref: '1.3.6.1.4.1.57264.1.14',
  workflow: '1.3.6.1.4.1.57264.1.18',
} as const;

type Claims = Readonly<Record<keyof typeof members, string | undefined>>;

/** A service that builds from a repository. */
interface Forge {
  readonly issuer: string;
  readonly base: string;
  /** Returns the path of the publisher's workflow within the repository. */
  workflowPath(publisher: JsonObject): string;
}

const forges: ReadonlyMap<unknown, Forge> = new Map([
  [
    'GitHub',
    {
      issuer: 'https://token.actions.githubusercontent.com',
      base: 'https://github.com/',
      workflowPath: (publisher) => `/.github/workflows/${textOf(publisher, 'workflow')}`,
    },
  ],
  [
    'GitLab',
    {
      issuer: 'https://gitlab.com',
      base: 'https://gitlab.com/',
      workflowPath: (publisher) => `//${textOf(publisher, 'workflow_filepath')}`,
    },
  ],
] satisfies [string, Forge][]);

/**
 * Returns the publisher as text for people, if `signer` is the one that `publisher` names. Throws NonsenseError
 * otherwise.
 */
export function expectPublisher(publisher: JsonObject, signer: Signer, kind: StatementKind): string {
  if (publisher.kind === 'Google') return expectGoogle(publisher, signer);
  const forge = forges.get(publisher.kind);
  if (forge === undefined) throw new NonsenseError(`unknown kind of publisher: ${JSON.stringify(publisher.kind)}`);
  const claims = claimsOf(signer);
  const repository = `${forge.base}${textOf(publisher, 'repository')}`;
  expectSame('issuer', forge.issuer, claims.issuer);
  expectSame('repository', repository, claims.repository);
  // The file may have been built by another workflow of the same repository than the one that published it.
  if (kind === 'publish') expectWorkflow(`${repository}${forge.workflowPath(publisher)}`, claims);
  return repository;
}

function expectGoogle(publisher: JsonObject, { identity }: Signer): string {
  const email = textOf(publisher, 'email');
  expectSame('issuer', 'https://accounts.google.com', identity?.extensions?.issuer);
  expectSame('identity', email, identity?.subjectAlternativeName);
  return email;
}

/**
 * Throws unless the workflow is at `path`. Its commit and branch differ from run to run, and the publisher stays the
 * same.
 */
function expectWorkflow(path: string, { workflow, ref, digest }: Claims): void {
  const versions = [ref, digest].filter((version) => version !== undefined && version !== '');
  if (versions.some((version) => workflow === `${path}@${version}`)) return;
  throw new NonsenseError(`the certificate is of the workflow ${workflow}, the publisher is ${path}`);
}

function expectSame(what: string, expected: string, found: string | undefined): void {
  if (found === expected) return;
  throw new NonsenseError(`the certificate is of the ${what} ${found}, the publisher is of ${expected}`);
}

function textOf(publisher: JsonObject, member: string): string {
  const value = publisher[member];
  if (typeof value === 'string' && value !== '') return value;
  throw new NonsenseError(`publisher: expected ${member}, found ${JSON.stringify(value) ?? 'nothing'}`);
}

function claimsOf({ identity }: Signer): Claims {
  const found = new Map(identity?.oids?.map(({ oid, value }) => [oid?.id.join('.'), value]));
  const claim = (oid: string): string | undefined => {
    const value = found.get(oid);
    return value && ASN1Obj.parseBuffer(Buffer.from(value)).value.toString();
  };
  return {
    issuer: claim(members.issuer),
    repository: claim(members.repository),
    digest: claim(members.digest),
    ref: claim(members.ref),
    workflow: claim(members.workflow),
  };
}

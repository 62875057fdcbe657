/** Real provenance objects against the shipped trusted root, and what becomes of them when anything is changed. */
import seeds from '@sigstore/tuf/seeds.json' with { type: 'json' };
import t from 'tap';
import { exampleConfig } from '../../../src/cli/config/example-config.ts';
import { UsageError } from '../../../src/core/errors.ts';
import type { ProvenanceVerdict } from '../../../src/provenance/provenance-verifier.ts';
import { sigstoreVerifier } from '../../../src/provenance/sigstore/sigstore-verifier.ts';
import { recording, recordingsMissing } from '../../fixtures/shared-fixtures.ts';

const skip = recordingsMissing;
const verifier = sigstoreVerifier();
const shipped = Buffer.from(
  seeds['https://tuf-repo-cdn.sigstore.dev'].targets['trusted_root.json'],
  'base64',
).toString();

const github = {
  filename: 'sampleproject-4.0.0.tar.gz',
  sha256: '0ace7980f82c5815ede4cd7bf9f6693684cec2ae47b9b7ade9add533b8627c6b',
};
const gitlab = {
  filename: 'pep740_sampleproject-1.0.0.tar.gz',
  sha256: '6cdd4a1a0a49aeef47265e7bf8ec1667257b397d34d731dc7b7af349deca1cd8',
};

/** What of an object is changed here; the rest stays as it was recorded. */
interface Provenance {
  version: number;
  attestation_bundles: { publisher: Record<string, unknown>; attestations: Attested[] }[];
}

interface Attested {
  version: number;
  verification_material: { certificate: string; transparency_entries: LogEntry[] };
  envelope: { statement: string; signature: string };
}

interface LogEntry {
  integratedTime: string;
  logIndex: string;
  canonicalizedBody: string;
  inclusionPromise?: { signedEntryTimestamp: string };
  inclusionProof?: { hashes: string[]; logIndex: string; checkpoint: { envelope: string } };
}

/** One attestation of an object, with what is around it. */
interface Parts {
  readonly object: Provenance;
  readonly bundle: Provenance['attestation_bundles'][number];
  readonly attestation: Attested;
  readonly entry: LogEntry;
}

function altered(change: (parts: Parts) => void, name = 'sampleproject-4.0.0.tar.gz'): Buffer {
  const object = JSON.parse(recording(`integrity/${name}.provenance.json`)) as Provenance;
  const bundle = only(object.attestation_bundles);
  const attestation = only(bundle.attestations);
  change({ object, bundle, attestation, entry: only(attestation.verification_material.transparency_entries) });
  return Buffer.from(JSON.stringify(object));
}

function only<T>(list: readonly T[]): T {
  const [first] = list;
  if (first === undefined) throw new Error('expected one');
  return first;
}

function whyNot(verdict: ProvenanceVerdict): string {
  return verdict.outcome === 'failed' ? verdict.why : 'verified';
}

const asItIs = (): void => {};

t.test('real objects of GitHub and GitLab are verified with the shipped root', { skip }, async (t) => {
  t.same(verifier.verify(altered(asItIs), github), {
    outcome: 'verified',
    publishers: ['https://github.com/pypa/sampleproject'],
  });
  t.same(verifier.verify(altered(asItIs, 'pep740-sampleproject-1.0.0.tar.gz'), gitlab), {
    outcome: 'verified',
    publishers: ['https://gitlab.com/pep740-example/sampleproject'],
  });
});

t.test('the name of a file may be spelt in another way, but not be another name', { skip }, async (t) => {
  const object = altered(asItIs, 'pep740-sampleproject-1.0.0.tar.gz');
  for (const same of ['pep740-sampleproject-1.0.0.tar.gz', 'PEP740.sampleproject-1.0.tar.gz']) {
    t.equal(whyNot(verifier.verify(object, { ...gitlab, filename: same })), 'verified', same);
  }
  for (const other of ['pep740_sampleproject-1.0.1.tar.gz', 'pep740_sampleproject-1.0.0.zip', 'a-1.0.0.tar.gz', '']) {
    const why = whyNot(verifier.verify(object, { ...gitlab, filename: other }));
    t.equal(why, 'the statement is about "pep740_sampleproject-1.0.0.tar.gz"', other);
  }
});

const flipped = (base64: string): string => {
  const bytes = Buffer.from(base64, 'base64');
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes.toString('base64');
};

const restated = (base64: string, from: string, to: string): string =>
  Buffer.from(Buffer.from(base64, 'base64').toString().replace(from, to)).toString('base64');

const tamperings: Readonly<Record<string, readonly [change: (parts: Parts) => void, why: RegExp]>> = {
  'another repository': [({ bundle }) => Object.assign(bundle.publisher, { repository: 'pypa/other' }), /repository/],
  'another workflow': [
    ({ bundle }) => Object.assign(bundle.publisher, { workflow: 'other.yml' }),
    /of the workflow \S+release\.yml@refs\/heads\/main, the publisher is \S+other\.yml$/,
  ],
  'no workflow': [({ bundle }) => delete bundle.publisher.workflow, /expected workflow, found nothing/],
  'the forge of others': [
    ({ bundle }) => Object.assign(bundle.publisher, { kind: 'GitLab', workflow_filepath: 'release.yml' }),
    /issuer https:\/\/token\.actions/,
  ],
  'a publisher with an address': [
    ({ bundle }) => Object.assign(bundle.publisher, { kind: 'Google', email: 'a@b.example' }),
    /issuer .* of https:\/\/accounts\.google\.com$/,
  ],
  'a kind of publisher that nobody knows': [
    ({ bundle }) => Object.assign(bundle.publisher, { kind: 'Smithy' }),
    /^unknown kind of publisher: "Smithy"$/,
  ],
  'a statement about another file': [
    ({ attestation: { envelope } }) => {
      envelope.statement = restated(envelope.statement, 'sampleproject-4.0.0', 'sampleproject-4.0.1');
    },
    /payload hash mismatch/,
  ],
  'a statement with another hash': [
    ({ attestation: { envelope } }) => {
      envelope.statement = restated(envelope.statement, github.sha256, gitlab.sha256);
    },
    /payload hash mismatch/,
  ],
  'another signature': [
    ({ attestation: { envelope } }) => {
      envelope.signature = flipped(envelope.signature);
    },
    /tlog entry signature mismatch/,
  ],
  'an altered certificate': [
    ({ attestation: { verification_material: material } }) => {
      material.certificate = flipped(material.certificate);
    },
    /Sigstore: /,
  ],
  'no log entry': [
    ({ attestation: { verification_material: material } }) => material.transparency_entries.splice(0),
    /without an entry of a transparency log/,
  ],
  'no inclusion proof': [({ entry }) => delete entry.inclusionProof, /without a checkpoint/],
  'no time that the log vouches for': [({ entry }) => delete entry.inclusionPromise, /timestamps/],
  'another time': [
    ({ entry }) => {
      entry.integratedTime = String(Number(entry.integratedTime) + 1);
    },
    /inclusion promise could not be verified/,
  ],
  'an altered hash of the inclusion proof': [
    ({ entry: { inclusionProof } }) => inclusionProof?.hashes.splice(0, 1, flipped(inclusionProof.hashes[0] ?? '')),
    /root hash does not match/,
  ],
  'a hash less in the inclusion proof': [({ entry }) => entry.inclusionProof?.hashes.pop(), /invalid hash count/],
  'an altered checkpoint': [
    ({ entry: { inclusionProof } }) => {
      const { checkpoint } = inclusionProof ?? { checkpoint: { envelope: '' } };
      checkpoint.envelope = checkpoint.envelope.replace(/\n\d+\n/, '\n999999999\n');
    },
    /invalid checkpoint signature/,
  ],
  'an entry that is not the one of the log': [
    ({ entry }) => {
      entry.canonicalizedBody = flipped(entry.canonicalizedBody);
    },
    /Sigstore: /,
  ],
};

for (const [what, [change, why]] of Object.entries(tamperings)) {
  t.test(`${what} fails`, { skip }, async (t) => {
    t.match(whyNot(verifier.verify(altered(change), github)), why);
  });
}

t.test('an object that is right does not speak for another file', { skip }, async (t) => {
  const why = whyNot(verifier.verify(altered(asItIs), { ...github, sha256: gitlab.sha256 }));
  t.equal(why, `the statement is about a file with sha256 "${github.sha256}", expected ${gitlab.sha256}`);
});

t.test('all attestations must be right, not only the first', { skip }, async (t) => {
  const object = altered(({ bundle, attestation }) => {
    const other = structuredClone(attestation);
    other.envelope.signature = flipped(other.envelope.signature);
    bundle.attestations.push(other);
  });
  t.match(whyNot(verifier.verify(object, github)), /signature mismatch/);
});

t.test('a checkpoint whose signer is a regular expression that never ends is refused at once', { skip }, async (t) => {
  const object = altered(({ entry: { inclusionProof } }) => {
    const { checkpoint } = inclusionProof ?? { checkpoint: { envelope: '' } };
    checkpoint.envelope = checkpoint.envelope.replace(/\u2014 \S+/, '\u2014 ((((.+)+)+)+)+!');
  });
  t.equal(whyNot(verifier.verify(object, github)), 'a checkpoint with a signer of no known form');
});

t.test('whatever else an object is, it fails with one line', { skip }, async (t) => {
  const objects: [string, string | Buffer, RegExp][] = [
    ['nothing', '', /^not valid JSON$/],
    ['half of it', altered(asItIs).subarray(0, 999), /^not valid JSON$/],
    ['a list', '[]', /^the object: expected a JSON object$/],
    ['another version', '{"version":2,"attestation_bundles":[]}', /^expected the object of version 1, found 2$/],
    ['no attestation', '{"version":1,"attestation_bundles":[]}', /^expected 1 to 16 attestations, found 0$/],
    ['more than a megabyte', Buffer.alloc((1 << 20) + 1, ' '), /^larger than 1048576 bytes: 1048577$/],
    ['nested without end', '['.repeat(500_000), /^not valid JSON$/],
    [
      'many',
      altered(({ bundle, attestation }) => bundle.attestations.push(...Array(16).fill(attestation))),
      /found 17$/,
    ],
  ];
  const strange: unknown[] = [null, 5, 'x', '\u001b[2J', {}, [], -1, '9'.repeat(999), [[]]];
  for (const value of strange) {
    const object = altered(({ entry }) => Object.assign(entry, { kindVersion: value, logId: value, logIndex: value }));
    objects.push([`a log entry with ${JSON.stringify(value).slice(0, 20)}`, object, /./]);
    const certificate = altered(({ attestation }) =>
      Object.assign(attestation.verification_material, { certificate: value }),
    );
    objects.push([`a certificate like ${JSON.stringify(value).slice(0, 20)}`, certificate, /./]);
  }
  for (const [what, object, expected] of objects) {
    const why = whyNot(verifier.verify(Buffer.from(object), github));
    t.not(why, 'verified', what);
    t.match(why, expected, what);
    t.ok(why.length <= 1000 && !why.includes('\n') && !why.includes('\u001b'), what);
  }
});

t.test(
  'another trusted root does not know the certificate, and one that has expired does not count',
  { skip },
  async (t) => {
    const root = JSON.parse(shipped) as {
      certificateAuthorities: { validFor: { start: string; end?: string } }[];
      tlogs: { publicKey: { validFor: object } }[];
      ctlogs: unknown[];
    };
    const verify = (changed: object): string =>
      whyNot(sigstoreVerifier(JSON.stringify({ ...root, ...changed }), 'here').verify(altered(asItIs), github));
    t.equal(verify({}), 'verified');
    const [old] = root.certificateAuthorities;
    t.match(verify({ certificateAuthorities: [old] }), /Failed to verify certificate chain/, 'only one from before');
    const expired = root.certificateAuthorities.map((authority) => ({
      ...authority,
      validFor: { start: '2021-01-01T00:00:00Z', end: '2024-01-01T00:00:00Z' },
    }));
    t.match(verify({ certificateAuthorities: expired }), /Failed to verify certificate chain/);
    t.match(verify({ tlogs: root.tlogs.slice(1) }), /inclusion promise could not be verified/, 'an unknown log');
    t.match(verify({ ctlogs: root.ctlogs.slice(0, 1) }), /SCT verification failed/, 'an unknown certificate log');
  },
);

t.test('a trusted root that is none is wrong configuration', async (t) => {
  for (const [text, reason] of [
    ['', /^here: not a trusted root of Sigstore: /],
    ['{}', /^here: expected a trusted root of Sigstore, found no certificate authority$/],
    ['{"certificateAuthorities":5}', /^here: /],
    [JSON.stringify({ ...JSON.parse(shipped), tlogs: [] }), /^here: .* found no transparency log$/],
  ] as const) {
    try {
      sigstoreVerifier(text, 'here');
      t.fail('accepted');
    } catch (error) {
      t.ok(error instanceof UsageError);
      t.match(error instanceof Error ? error.message : '', reason);
    }
  }
});

t.test('the shipped root is the one that --example-config names', async (t) => {
  const { default: found } = await import('@sigstore/tuf/package.json', { with: { type: 'json' } });
  const { version } = found as { version: string };
  t.match(exampleConfig, `the one of @sigstore/tuf ${version},`);
});

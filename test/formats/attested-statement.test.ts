/** Which file a signed statement is about: one alone, however its name is spelt. */
import t from 'tap';
import { NonsenseError } from '../../src/core/errors.ts';
import { expectStatementAbout } from '../../src/formats/attested-statement.ts';

const sha256 = 'ab'.repeat(32);
const publish = 'https://docs.pypi.org/attestations/publish/v1';

function statement(name: string, changes: object = {}): Buffer {
  const subject = [{ name, digest: { sha256 } }];
  return Buffer.from(
    JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', predicateType: publish, subject, ...changes }),
  );
}

const isAbout = (signed: string, filename: string): boolean => {
  try {
    expectStatementAbout(statement(signed), { filename, sha256 });
    return true;
  } catch (error) {
    if (error instanceof NonsenseError) return false;
    throw error;
  }
};

t.test('a file is known by its project, version and tags, however they are spelt', async (t) => {
  for (const [signed, filename] of [
    ['foo_bar-1.0-py3-none-any.whl', 'foo_bar-1.0-py3-none-any.whl'],
    ['Foo.Bar-1.0-py3-none-any.whl', 'foo_bar-1.0.0-py3-none-any.whl'],
    ['foo-1.0-py2.py3-none-any.whl', 'foo-1.0-py3.py2-none-any.whl'],
    ['foo-1.0-1-py3-none-any.whl', 'foo-1.0-1-py3-none-any.whl'],
    ['Foo-1.0.tar.gz', 'foo-1.0.0.tar.gz'],
  ] as const) {
    t.ok(isAbout(signed, filename), `${signed} is ${filename}`);
  }
});

t.test('another file is another one, although only one part differs', async (t) => {
  const name = 'foo-1.0-1-cp312-cp312-manylinux_2_17_x86_64.whl';
  for (const other of [
    name.replace('foo', 'fou'),
    name.replace('1.0', '1.0.1'),
    name.replace('1.0-1-', '1.0-2-'),
    name.replace('1.0-1-', '1.0-'),
    name.replace('-cp312-cp312', '-cp311-cp312'),
    name.replace('-cp312-cp312', '-cp312-abi3'),
    name.replace('x86_64', 'aarch64'),
    'foo-1.0.tar.gz',
  ]) {
    t.notOk(isAbout(name, other), other);
    t.notOk(isAbout(other, name), other);
  }
  t.notOk(isAbout('foo-1.0.tar.gz', 'foo-1.0.zip'));
  t.notOk(isAbout('foo-1.0.exe', 'Foo-1.0.exe'), 'of other kinds the names must be the same');
});

t.test('a statement is about one file, with its hash, and of a kind that is known', async (t) => {
  const file = { filename: 'foo-1.0.zip', sha256 };
  t.equal(expectStatementAbout(statement(file.filename), file), 'publish');
  const build = statement(file.filename, { predicateType: 'https://slsa.dev/provenance/v1' });
  t.equal(expectStatementAbout(build, file), 'build');
  const subject = { name: file.filename, digest: { sha256 } };
  for (const changes of [
    { subject: [] },
    { subject: [subject, subject] },
    { subject: [{ ...subject, digest: {} }] },
    { subject: [{ ...subject, digest: { sha256: sha256.toUpperCase() } }] },
    { subject: [{ ...subject, digest: { sha512: sha256 } }] },
    { predicateType: 'https://example.org/v1' },
    { _type: 'https://in-toto.io/Statement/v0.1' },
  ]) {
    t.throws(() => expectStatementAbout(statement(file.filename, changes), file), NonsenseError);
  }
});

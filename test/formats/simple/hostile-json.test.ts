/** Documents that are made to cost more than they are worth. Each takes minutes, or all memory, where nothing bounds it. */
import t from 'tap';
import { NonsenseError } from '../../../src/core/errors.ts';
import { ProjectListParser } from '../../../src/formats/simple/project-list.ts';
import { parseSimplePage, renderSimpleJson } from '../../../src/formats/simple/simple-json.ts';
import { parseXmlRpcReply } from '../../../src/formats/xml-rpc.ts';

const page = (members: string, files = ''): string =>
  `{"meta":{"api-version":"1.0"},"name":"a","files":[${files}]${members}}`;

t.test('a list with a hundred thousand brackets before its entries is read in one pass', async (t) => {
  const list = new ProjectListParser('list');
  t.throws(() => list.push(Buffer.from(`{${'"a":[],'.repeat(149_000)}`.repeat(2))), /an entry does not end$/);
});

t.test('the list is found whatever stands before it, and wherever a chunk ends', async (t) => {
  const text = '{"other":[1],"meta":{"api-version":"1.0","x":["projects"]},"projects" : [{"name":"a"}]}';
  for (let at = 0; at <= text.length; at += 1) {
    const list = new ProjectListParser('list');
    const found = [...list.push(Buffer.from(text.slice(0, at))), ...list.push(Buffer.from(text.slice(at)))];
    t.same(
      found.map(({ displayName }) => displayName),
      ['a'],
    );
  }
});

const costly: readonly [what: string, text: string, reason: RegExp][] = [
  ['nested five million times', page(`,"x":${'['.repeat(5e6)}${']'.repeat(5e6)}`), /more than 3000000 values$/],
  ['with five million empty objects', page('', '{},'.repeat(5e6)), /more than 3000000 values$/],
  ['that lists 200,001 files', page('', `${'{},'.repeat(200_000)}{}`), /more than 200000 files$/],
];

for (const [what, text, reason] of costly) {
  t.test(`a page ${what} is not read`, async (t) => {
    t.throws(() => parseSimplePage(text, 'page'), NonsenseError);
    t.throws(() => parseSimplePage(text, 'page'), reason);
  });
}

t.test('a changelog of a million rows is not read', async (t) => {
  const reply = `<methodResponse><params><param><value><array><data>${'<value/>'.repeat(1e6 + 1)}`;
  t.throws(() => parseXmlRpcReply(reply, 'changelog'), /expected at most 1000000 values$/);
});

t.test('keys that mean something to JavaScript are keys like others, and a key given twice counts once', async (t) => {
  const file = '{"filename":"a-1.zip","url":"u","hashes":{"__proto__":{"sha256":"x"}},"__proto__":{"size":1},"size":2}';
  const read = parseSimplePage(page(',"__proto__":{"status":"x"},"constructor":1,"name":"b"', file), 'page');
  t.match(read, { name: 'b', status: 'active', files: [{ sha256: undefined, size: 2 }] });
  t.equal(({} as { status?: string }).status, undefined);
  const [one] = read.files;
  const published =
    one === undefined ? [] : [{ file: one, url: 'v', metadataSha256: undefined, provenance: undefined }];
  const written = renderSimpleJson(read, published);
  t.match(written, '"__proto__":{"status":"x"}');
  t.match(written, '"__proto__":{"size":1}');
});

t.test('a page with half characters is written as one that everybody can read', async (t) => {
  const read = parseSimplePage(page(',"project-status":{"status":"active","reason":"\\ud800"},"\\udfff":1'), 'page');
  const written = Buffer.from(renderSimpleJson(read, [])).toString();
  t.match(JSON.parse(written), { 'project-status': { reason: '\ud800' } });
  t.notMatch(written, /\ufffd/);
});

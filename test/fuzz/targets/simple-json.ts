import fc from 'fast-check';
import { NonsenseError } from '../../../src/core/errors.ts';
import {
  parsePublishedPage,
  parseSimplePage,
  renderSimpleJson,
  type SimpleFile,
  type SimplePage,
} from '../../../src/formats/simple/simple-json.ts';
import { asListed } from '../../formats/simple/page.ts';
import { demand, demandSame, type FuzzTarget, outcome } from '../fuzz-target.ts';
import { jsonOf } from './pieces.ts';
import { demandInside } from './web-paths.ts';

const sha256 = '0123456789abcdef'.repeat(4);
const place = `packages/01/23/${sha256.slice(4)}`;

const fileKeys = 'filename url hashes sha256 size upload-time requires-python yanked core-metadata provenance'.split(
  ' ',
);
const otherKeys = 'data-dist-info-metadata dist-info-metadata gpg-sig digests'.split(' ');
const pageKeys = 'meta api-version _last-serial tracks name files project-status status reason versions'.split(' ');
const leaves = [sha256, { sha256 }, '1.4', '2.0', '>=3.8', '2024-01-01T00:00:00.000000Z', 'a-1.0.zip', '123', 4e15];
const any = jsonOf([...fileKeys, ...otherKeys, ...pageKeys], leaves);

const file = fc.record(
  {
    filename: fc.oneof(fc.constantFrom('a-1.0.zip', 'a-1.0-py3-none-any.whl', '../a.zip', 'a b.zip'), any),
    url: fc.oneof(fc.constantFrom(`https://f.example/${place}/a-1.0.zip`, `../../${place}/a%20b.zip`), any),
    hashes: fc.constantFrom({ sha256 }, {}, { sha256: 'x' }, { md5: 'x' }),
    size: any,
    'upload-time': any,
    'requires-python': any,
    yanked: any,
    'core-metadata': any,
    'data-dist-info-metadata': any,
    'dist-info-metadata': any,
    provenance: any,
    extra: any,
  },
  { requiredKeys: ['filename', 'url', 'hashes'] },
);

const page = fc.record(
  {
    meta: fc.oneof(fc.constantFrom({ 'api-version': '1.4', '_last-serial': 7 }, { 'api-version': '1.0' }), any),
    name: fc.oneof(fc.constant('a'), any),
    files: fc.array(file, { maxLength: 3 }),
    'project-status': any,
    'alternate-locations': any,
    more: any,
  },
  { requiredKeys: ['meta', 'name', 'files'] },
);

function fieldsOf({ json: _json, ...fields }: SimpleFile): unknown {
  return fields;
}

/** What of a page is published: what is odd of it is not. */
function contentOf({ json: _json, unusable: _odd, files, ...page }: SimplePage): unknown {
  return { ...page, files: files.map(fieldsOf) };
}

/** The members of a page that pass through a mirror unchanged. */
function passing(text: string): unknown {
  const { meta: _meta, files: _files, 'alternate-locations': _locations, ...rest } = JSON.parse(text);
  return Object.entries(rest);
}

function check(text: string): void {
  const read = outcome(() => parseSimplePage(text, 'page'), NonsenseError)?.value;
  if (read === undefined) return;
  demand(new Set(read.files.map(({ filename }) => filename)).size === read.files.length, 'no name is listed twice');
  for (const { url, filename } of read.files) demandInside(url, filename);
  const rendered = outcome(() => renderSimpleJson(read, read.files.map(asListed)), NonsenseError)?.value;
  if (rendered === undefined) return;
  const again = parsePublishedPage(rendered, 'again');
  demandSame(contentOf(again), contentOf(read), 'a page comes out as it came in');
  demandSame(passing(rendered), passing(text), 'what nobody knows passes through');
  demand(renderSimpleJson(again, again.files.map(asListed)) === rendered, 'a page that was written does not change');
}

export const simpleJson: FuzzTarget = {
  name: 'simple-json',
  encoding: 'utf8',
  inputs: page.map((value) => JSON.stringify(value)),
  tokens: [
    '{',
    '}',
    '[',
    ']',
    '"',
    ',',
    ':',
    '\\',
    '\\ud800',
    '1e999',
    '-0',
    'null',
    '"__proto__":',
    '\0',
    '\ufeff',
    '{"a":',
  ],
  starts: ['', '{"meta":{"api-version":"1.0"},"name":"a","files":[]}', '{"meta":{"api-version":"1.0"},"name":"'],
  read: (text) => void outcome(() => parseSimplePage(text, 'page'), NonsenseError),
  check,
};

import fc from 'fast-check';
import { NonsenseError } from '../../../src/core/errors.ts';
import { escapeXml, readXml, type XmlElement } from '../../../src/files/s3/read-xml.ts';
import { demand, demandSame, type FuzzTarget, outcome } from '../fuzz-target.ts';
import { oneOf, runOf, sequence } from './pieces.ts';

const names = ['ListBucketResult', 'Contents', 'Key', 'Error', 'Code', 's3:Key', 'a-b.c'];
const tokens = [
  ...names.flatMap((name) => [`<${name}>`, `</${name}>`, `<${name}/>`, `<${name} xmlns="http://x/">`]),
  ...['<', '>', '/', '&', ';', '&lt;', '&#65;', '&#xD800;', '&#9999999;', '&x;', '"', '=', ' ', '\n', 'a', '\ufeff'],
  ...['<?xml version="1.0"?>', '<?', '?>', '<!--', '-->', '<![CDATA[', ']]>', '<!DOCTYPE a [', '<!ENTITY b "c">', ']>'],
];

const text = oneOf('', 'web/a', 'a &amp; b', '&#233;', ' \n', '<![CDATA[<x>]]>', '<!-- none -->');
const { element } = fc.letrec<{ element: string }>((tie) => ({
  element: fc
    .tuple(
      fc.constantFrom(...names),
      fc.oneof(
        { depthSize: 'small' },
        text,
        fc.array(tie('element'), { maxLength: 4 }).map((all) => all.join(' ')),
      ),
    )
    .map(([name, inner]) => `<${name}>${inner}</${name}>`),
}));

/** As a store would write it. */
function written({ name, text, children }: XmlElement): string {
  return `<${name}>${escapeXml(text)}${children.map(written).join('')}</${name}>`;
}

function check(input: string): void {
  const found = outcome(() => readXml(input), NonsenseError)?.value;
  if (found === undefined) return;
  demand(!input.includes('<!DOCTYPE') || /<!--|<\?|<!\[CDATA\[/.test(input), 'nothing is defined');
  // White space at the ends of a text is kept, and so is all that was escaped.
  demandSame(readXml(written(found)), found, 'an element that is written again is the same');
}

export const storeXml: FuzzTarget = {
  name: 'store-xml',
  encoding: 'utf8',
  inputs: sequence(oneOf('', '<?xml version="1.0" encoding="UTF-8"?>\n'), fc.oneof(element, runOf(tokens, 15))),
  tokens,
  starts: ['', '<ListBucketResult><Contents><Key>', '<a>', '<!--', '<![CDATA['],
  read: (input) => void outcome(() => readXml(input), NonsenseError),
  check,
};

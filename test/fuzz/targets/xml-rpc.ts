import fc from 'fast-check';
import { NonsenseError } from '../../../src/core/errors.ts';
import { parseXmlRpcReply, type XmlRpcValue } from '../../../src/formats/xml-rpc.ts';
import { demand, demandSame, type FuzzTarget, outcome } from '../fuzz-target.ts';
import { oneOf, runOf, sequence } from './pieces.ts';

const names = 'methodResponse params param value array data string int i4 i8 nil fault struct member name'.split(' ');
const tokens = [
  ...names.flatMap((name) => [`<${name}>`, `</${name}>`, `<${name}/>`]),
  ...[
    '<',
    '>',
    '/',
    '&',
    '&lt;',
    '&#65;',
    '&#xD800;',
    '&#9999999;',
    '&x;',
    '5',
    '-1',
    '999999999999999',
    ' ',
    '\n',
    'a',
    '\ufeff',
  ],
  ...['<?xml version="1.0"?>', '<?xml', '?>', 'faultCode', 'faultString', '<value><int>7</int></value>', '<boolean>'],
];

const scalar = oneOf(
  '<value><int>7</int></value>',
  '<value><i8>-12</i8></value>',
  '<value>a &amp; b</value>',
  '<value><string>&#233;</string></value>',
  '<value><nil/></value>',
  '<value/>',
);
const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc
      .array(tie('value'), { maxLength: 4 })
      .map((all) => `<value><array><data>${all.join('\n')}</data></array></value>`),
  ),
}));
const member = sequence('<member><name>', oneOf('faultCode', 'faultString', 'x'), '</name>', value, '</member>');
const reply = sequence(
  oneOf('', '<?xml version="1.0"?>\n', '\ufeff'),
  '<methodResponse>',
  fc.oneof(
    sequence('<params><param>', value, '</param></params>'),
    sequence('<fault><value><struct>', member, member, '</struct></value></fault>'),
    runOf(tokens, 15),
  ),
  '</methodResponse>',
);

/** As a server would write it. */
function written(found: XmlRpcValue): string {
  if (found === null) return '<value><nil/></value>';
  if (typeof found === 'number') return `<value><int>${found}</int></value>`;
  if (typeof found === 'string')
    return `<value><string>${found.replace(/[<>&]/g, (at) => `&#${at.charCodeAt(0)};`)}</string></value>`;
  return `<value><array><data>${found.map(written).join('')}</data></array></value>`;
}

function check(text: string): void {
  const found = outcome(() => parseXmlRpcReply(text, 'reply'), NonsenseError)?.value;
  if (found === undefined) return;
  if ('fault' in found) {
    const { faultCode, faultString } = found.fault;
    demand(Number.isSafeInteger(faultCode) && typeof faultString === 'string', 'a fault has a number and a text');
    return;
  }
  const again = parseXmlRpcReply(
    `<methodResponse><params><param>${written(found.value)}</param></params></methodResponse>`,
    'again',
  );
  demandSame(again, found, 'a value that is written again is the same');
}

export const xmlRpc: FuzzTarget = {
  name: 'xml-rpc',
  encoding: 'utf8',
  inputs: reply,
  tokens,
  starts: ['', '<methodResponse><params><param><value><array><data>', '<methodResponse><params><param><value><string>'],
  read: (text) => void outcome(() => parseXmlRpcReply(text, 'reply'), NonsenseError),
  check,
};

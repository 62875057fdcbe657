import t from 'tap';
import { decodeText } from '../../src/formats/decode-text.ts';

const text = 'häuser==1.0 # 😀\n';

function utf32(littleEndian: boolean): Buffer {
  const points = [...`\ufeff${text}`].map((character) => character.codePointAt(0) ?? 0);
  const bytes = Buffer.alloc(points.length * 4);
  for (const [at, point] of points.entries()) {
    if (littleEndian) bytes.writeUInt32LE(point, at * 4);
    else bytes.writeUInt32BE(point, at * 4);
  }
  return bytes;
}

t.test('a byte order mark tells the encoding', async (t) => {
  const utf16 = Buffer.from(`\ufeff${text}`, 'utf16le');
  t.equal(decodeText(Buffer.from(text)), text);
  t.equal(decodeText(Buffer.from(`\ufeff${text}`)), text);
  t.equal(decodeText(utf16), text);
  t.equal(decodeText(Buffer.from(utf16).swap16()), text);
  t.equal(decodeText(utf32(true)), text);
  t.equal(decodeText(utf32(false)), text);
});

t.test('so does the comment of PEP 263, in one of the first two lines', async (t) => {
  const latin = (head: string): Buffer => Buffer.from(`${head}é==1\n`, 'latin1');
  t.match(decodeText(latin('# -*- coding: latin-1 -*-\n')), 'é==1');
  t.match(decodeText(latin('# first\n# vim: set fileencoding=iso_8859-1 :\n')), 'é==1');
  t.match(decodeText(latin('#\n#\n# coding: latin-1\n')), '\ufffd==1');
  t.match(decodeText(Buffer.from('# coding: of-nobody\né\n')), 'é', 'a name that nobody knows changes nothing');
});

t.test('what is no text is decoded, too', async (t) => {
  t.equal(decodeText(Buffer.from([0xff, 0xfe, 0, 0, 0, 0, 0x11, 0, 0, 0xd8, 0, 0, 1])), '\ufffd\ufffd');
  t.equal(decodeText(Buffer.alloc(0)), '');
});

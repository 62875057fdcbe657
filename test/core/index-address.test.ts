import t from 'tap';
import { indexKey, shownAddress } from '../../src/core/index-address.ts';

t.test('an index is the same in all spellings of its address', async (t) => {
  const same = [
    ...['https://pypi.org/simple', 'https://pypi.org/simple/', 'https://pypi.org', 'http://pypi.org/simple//'],
    ...['https://pypi.python.org/simple', 'HTTPS://user:secret@PyPI.org:443/simple?x=1#y'],
  ];
  t.same([...new Set(same.map(indexKey))], ['pypi.org']);
  t.equal(indexKey('https://host/root/pypi/+simple/'), indexKey('https://host/root/pypi/'));
  const others = ['https://pypi.org:8443/simple', 'https://pypi.org/legacy/simple', 'https://test.pypi.org/simple'];
  t.equal(new Set([...others, 'https://pypi.org'].map(indexKey)).size, 4);
});

t.test('what is no address on the web is no index', async (t) => {
  const none = [
    '',
    '../wheels',
    'file:///srv/wheels',
    'ftp://host/simple',
    `https://\${HOST}/simple`,
    'pypi.org/simple',
  ];
  for (const text of none) t.equal(indexKey(text), undefined, text);
});

t.test('no password is shown', async (t) => {
  t.equal(shownAddress('https://user:secret@host/simple?token=secret'), 'https://host/simple');
  t.equal(shownAddress(`https://user:secret@\${HOST}/simple`), `"https://\${HOST}/simple"`);
});

import fc from 'fast-check';
import t from 'tap';
import { escapeHtml, renderSimpleHtml } from '../../../src/formats/simple/simple-html.ts';
import type { PublishedFile } from '../../../src/formats/simple/simple-json.ts';
import { anyText } from '../../fixtures/any-text.ts';
import { recording, recordingsMissing } from '../../fixtures/shared-fixtures.ts';
import { asListed, sha256, simpleFile, simplePage } from './page.ts';

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&#34;': '"',
  '&#39;': "'",
};

function unescapeHtml(text: string): string {
  return text.replace(/&(?:amp|lt|gt|#34|#39);/g, (entity) => entities[entity] ?? entity);
}

/** The data that a line of a recorded page was made of. */
function publishedFrom(line: string): PublishedFile {
  const attribute = (name: string): string | undefined => {
    const written = new RegExp(` ${name}="([^"]*)"`).exec(line)?.[1];
    return written === undefined ? undefined : unescapeHtml(written);
  };
  const [url = '', hash] = attribute('href')?.split('#sha256=') ?? [];
  const filename = />([^<]*)<\/a>/.exec(line)?.[1] ?? '';
  const file = simpleFile({ filename, sha256: hash, requiresPython: attribute('data-requires-python') });
  const metadataSha256 = attribute('data-core-metadata')?.replace('sha256=', '');
  return { file, url, metadataSha256, provenance: attribute('data-provenance') };
}

t.test("a page made of a recorded page's data has the same bytes as PyPI's", { skip: recordingsMissing }, async (t) => {
  const recorded = recording('simple-html/iniconfig.api-1.4.html');
  const files = recorded
    .split('\n')
    .filter((line) => line.startsWith('<a '))
    .map(publishedFrom);
  t.equal(files.length, 16);
  // The recording was saved with a newline at its end; PyPI sends none.
  t.equal(`${renderSimpleHtml(simplePage({ name: 'iniconfig', serial: 31878540 }), files)}\n`, recorded);
});

t.test('a project without files has a page without links', async (t) => {
  t.equal(
    renderSimpleHtml(simplePage({ status: 'quarantined' }), []),
    `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta name="pypi:repository-version" content="1.4">
<meta name="pypi:project-status" content="quarantined">    <title>Links for pkg</title>
  </head>
  <body>
    <h1>Links for pkg</h1>
</body>
</html>
<!--SERIAL 7-->`,
  );
});

t.test('where upstream tells no serial the page has none', async (t) => {
  t.match(renderSimpleHtml(simplePage({ serial: undefined }), []), /<\/html>\n$/);
});

t.test('the reason of a status is told when there is one', async (t) => {
  const html = renderSimpleHtml(simplePage({ status: 'deprecated', statusReason: 'use "b" & <c>' }), []);
  t.match(html, '<meta name="pypi:project-status" content="deprecated">');
  t.match(html, '<meta name="pypi:project-status-reason" content="use &#34;b&#34; &amp; &lt;c&gt;">');
  t.notMatch(renderSimpleHtml(simplePage(), []), 'project-status-reason');
});

t.test('a link says everything that pip asks for, in the order of PyPI', async (t) => {
  const file = simpleFile({ requiresPython: '>=3.8,<4', yanked: 'it\'s "bad"', metadataSha256: sha256 });
  const html = renderSimpleHtml(simplePage(), [
    { ...asListed(file), url: '../../packages/pkg-1.0.zip', provenance: 'https://pypi.example/p?a=1&b=2' },
  ]);
  t.match(
    html,
    `<a href="../../packages/pkg-1.0.zip#sha256=${sha256}" data-requires-python="&gt;=3.8,&lt;4" ` +
      `data-yanked="it&#39;s &#34;bad&#34;" data-dist-info-metadata="sha256=${sha256}" ` +
      `data-core-metadata="sha256=${sha256}" data-provenance="https://pypi.example/p?a=1&amp;b=2">` +
      'pkg-1.0.zip</a><br />\n',
  );
});

t.test('a yanked file is marked, also without a reason; no other is', async (t) => {
  const linkOf = (yanked: string | false): string => renderSimpleHtml(simplePage(), [asListed(simpleFile({ yanked }))]);
  t.match(linkOf(''), ' data-yanked="" ');
  t.match(linkOf('why'), ' data-yanked="why" ');
  t.notMatch(linkOf(false), 'data-yanked');
});

t.test('a file without a hash has a link without one', async (t) => {
  const html = renderSimpleHtml(simplePage(), [asListed(simpleFile({ sha256: undefined, url: 'pkg-1.0.zip' }))]);
  t.match(html, '<a href="pkg-1.0.zip" >');
});

t.test('nothing that upstream says can become markup', async () => {
  const text = fc.string({ unit: fc.constantFrom('"', "'", '<', '>', '&', 'a', ' ', '&lt;', '-->', '</a>') });
  fc.assert(
    fc.property(text, (hostile) => {
      const file = simpleFile({ filename: hostile, requiresPython: hostile, yanked: hostile });
      const page = simplePage({ name: hostile, status: hostile, statusReason: hostile });
      const html = renderSimpleHtml(page, [{ ...asListed(file), url: hostile, provenance: hostile }]);
      const plain = renderSimpleHtml(simplePage({ status: 'a', statusReason: 'a' }), [
        { ...asListed(simpleFile({ filename: 'a', requiresPython: 'a', yanked: 'a' })), url: 'a', provenance: 'a' },
      ]);
      const tags = (page: string): string[] => page.replace(/="[^"]*"/g, '=""').match(/<[^>]*>/g) ?? [];
      return tags(html).join('\n') === tags(plain).join('\n');
    }),
  );
});

t.test('a text is the same after it went through a page', async () => {
  fc.assert(fc.property(anyText(), (text) => unescapeHtml(escapeHtml(text)) === text));
});

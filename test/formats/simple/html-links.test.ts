import { deepStrictEqual } from 'node:assert';
import fc from 'fast-check';
import t from 'tap';
import { isFileName } from '../../../src/core/paths.ts';
import {
  parseSimpleLinks,
  projectStatusOfHtml,
  type SimpleLink,
  serialOfHtml,
} from '../../../src/formats/simple/html-links.ts';
import { renderSimpleHtml } from '../../../src/formats/simple/simple-html.ts';
import { parseSimplePage } from '../../../src/formats/simple/simple-json.ts';
import { anyText } from '../../fixtures/any-text.ts';
import { recording, recordings, recordingsMissing } from '../../fixtures/shared-fixtures.ts';
import { unpackedTarget } from '../migration/unpacked-target.ts';
import { asListed, sha256, simpleFile, simplePage } from './page.ts';

const pageUrl = new URL('https://pypi.example/simple/pkg/');

function hrefs(html: string): string[] {
  return parseSimpleLinks(html, pageUrl).map(({ url }) => url.href);
}

function names(html: string): string[] {
  return parseSimpleLinks(html, pageUrl).map(({ filename }) => filename);
}

function linkWith(attributes: string): SimpleLink | undefined {
  return parseSimpleLinks(`<a href="pkg-1.0.zip" ${attributes}>x</a>`, pageUrl)[0];
}

t.test('everything that a link of PyPI says is read', async (t) => {
  const html =
    `<a href="https://files.example/packages/pkg-1.0.zip#sha256=${sha256}" data-requires-python="&gt;=3.8,&lt;4" ` +
    `data-yanked="it&#39;s &#34;bad&#34;" data-dist-info-metadata="sha256=${sha256}" ` +
    `data-core-metadata="sha256=${sha256}" data-provenance="https://pypi.example/p?a=1&amp;b=2">other.zip</a><br />\n`;
  t.strictSame(parseSimpleLinks(html, pageUrl), [
    {
      filename: 'pkg-1.0.zip',
      url: new URL('https://files.example/packages/pkg-1.0.zip'),
      hashes: { sha256 },
      requiresPython: '>=3.8,<4',
      yanked: 'it\'s "bad"',
      metadata: sha256,
      provenance: 'https://pypi.example/p?a=1&b=2',
    },
  ]);
});

t.test('a link that says nothing but its address has nothing else', async (t) => {
  t.strictSame(parseSimpleLinks('<a href="../../packages/pkg-1.0.zip">x</a>', pageUrl), [
    {
      filename: 'pkg-1.0.zip',
      url: new URL('https://pypi.example/packages/pkg-1.0.zip'),
      hashes: {},
      requiresPython: undefined,
      yanked: false,
      metadata: undefined,
      provenance: undefined,
    },
  ]);
});

t.test('a page that this mirror writes is read as it was meant', async () => {
  const text = anyText({ minLength: 1 });
  const file = fc.record(
    {
      filename: fc.constantFrom('pkg-1.0.zip', 'pkg 1.0.zip', 'pkg-1.0+ä.whl'),
      sha256: fc.constantFrom(sha256, undefined),
      requiresPython: fc.option(text, { nil: undefined }),
      yanked: fc.oneof(fc.constant<false>(false), text, fc.constant('')),
      metadataSha256: fc.constantFrom(sha256, undefined),
      provenance: fc.option(text, { nil: undefined }),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(file, { maxLength: 5 }), (files) => {
      const published = files.map((given) => {
        const url = `https://files.example/${encodeURIComponent(given.filename)}`;
        return asListed(simpleFile({ ...given, url }));
      });
      const html = renderSimpleHtml(simplePage(), published);
      const read = parseSimpleLinks(html, pageUrl).map(({ url, hashes, metadata, ...rest }) => ({
        ...rest,
        sha256: hashes.sha256,
        metadataSha256: metadata,
      }));
      deepStrictEqual(read, files);
      deepStrictEqual(serialOfHtml(html), 7);
    }),
    { numRuns: 50 },
  );
});

t.test('a page of PyPI is read', { skip: recordingsMissing }, async (t) => {
  const html = recording('simple-html/iniconfig.api-1.4.html');
  const links = parseSimpleLinks(html, pageUrl);
  t.equal(links.length, 16);
  t.ok(links.every(({ filename, hashes }) => isFileName(filename) && hashes.sha256 !== undefined));
  t.match(links.at(-1), { filename: /^iniconfig-.*\.gz$/, provenance: /^https:\/\/pypi\.org\/integrity\/iniconfig\// });
  t.equal(links.filter(({ metadata }) => typeof metadata === 'string').length, html.split('data-core').length - 1);
  t.equal(serialOfHtml(html), 31878540);
  t.strictSame(projectStatusOfHtml(html), { status: 'active', reason: undefined });
});

t.test(
  'pages of PEP 381, with yanked files and links over several lines, are read',
  { skip: recordingsMissing },
  async (t) => {
    const multiline = parseSimpleLinks(recording('simple-html/multiline.dependabot.html'), pageUrl);
    t.match(multiline[0], {
      filename: 'luigi-1.0.9.tar.gz',
      url: {
        href: 'https://pypi.example/packages/01/75/6fa1e73a8fda67c02da29189541be78577c8535ea7b721e4c5c3b62a7fcc/luigi-1.0.9.tar.gz',
      },
      hashes: { md5: '024834d21a13276e84346fc000ff8cb4' },
    });
    const yanked = parseSimpleLinks(recording('simple-html/yanked.dependabot.html'), pageUrl);
    t.strictSame(
      yanked.map(({ filename }) => filename),
      multiline.map(({ filename }) => filename),
    );
    t.ok(yanked.some((link) => link.yanked !== false));
    t.notOk(multiline.some((link) => link.yanked !== false));
    const black = parseSimpleLinks(recording('simple-html/black.poetry.html'), pageUrl);
    t.match(black[2], { requiresPython: '>=3.6.2', yanked: 'Broken regex dependency. Use 21.11b1 instead.' });
  },
);

t.test(
  'every recorded page is read: one link for each that leads to a file',
  { skip: recordingsMissing },
  async (t) => {
    const pages = recordings('simple-html').map((path) => [path, recording(path)] as const);
    t.ok(pages.length >= 11);
    for (const [path, html] of pages) {
      const written = [...html.matchAll(/<a [^>]*href="([^"#]*)/g)].map(([, href = '']) => new URL(href, pageUrl));
      const files = written.filter(({ pathname }) => !pathname.endsWith('/'));
      t.strictSame(
        hrefs(html),
        files.map(({ href }) => href),
        path,
      );
    }
  },
);

t.test('the pages that other mirror programs left are read', { skip: recordingsMissing }, async (t) => {
  // `index.html` is a symbolic link to it in one of them.
  const page = 'index.v1_html';
  for (const [target, root] of [
    ['target-bandersnatch-8', 'web/simple/'],
    ['target-shadowmire-2', 'simple/'],
  ] as const) {
    const files = unpackedTarget(target);
    const folders = [...files.keys()].filter((path) => path.startsWith(root) && path.endsWith(`/${page}`));
    t.ok(folders.length >= 25, target);
    let linked = 0;
    for (const path of folders) {
      if (path === `${root}${page}`) continue;
      const links = parseSimpleLinks(`${files.get(path)}`, new URL(`http://tree.example/${path}`));
      const json = parseSimplePage(`${files.get(path.replace(page, 'index.v1_json'))}`, path);
      t.strictSame(
        links.map(({ filename, hashes, requiresPython }) => [filename, hashes.sha256, requiresPython]),
        json.files.map(({ filename, sha256, requiresPython }) => [filename, sha256, requiresPython]),
        path,
      );
      for (const { url } of links) t.ok(files.has(decodeURIComponent(url.pathname.slice(1))), url.pathname);
      t.equal(serialOfHtml(`${files.get(path)}`), json.serial);
      linked += links.length;
    }
    t.ok(linked >= 90, `${target} has ${linked} files`);
  }
});

t.test(
  'the pages that 1.5 left are read, without the links that lead elsewhere',
  { skip: recordingsMissing },
  async (t) => {
    const files = unpackedTarget('target-1.5-complete');
    const linksOf = (name: string): string[] => {
      const path = `web/simple/${name}/index.html`;
      return parseSimpleLinks(`${files.get(path)}`, new URL(`http://tree.example/${path}`)).map(
        ({ url }) => url.pathname,
      );
    };
    t.strictSame(linksOf('Foo.Bar.Baz'), [
      '/web/packages/source/F/Foo.Bar.Baz/Foo.Bar.Baz-0.1.tar.gz',
      '/web/packages/source/F/Foo.Bar.Baz/Foo.Bar.Baz-0.2a1.tar.gz',
    ]);
    t.strictSame(linksOf('empty-project'), []);
  },
);

t.test('only links to files of this index or another are links', async (t) => {
  const skipped = [
    '<a>x</a>',
    '<a name="pkg-1.0.zip">x</a>',
    '<a href="pkg-1.0.zip" rel="homepage">x</a>',
    '<a rel="homepage" href="http://example.com/">x</a>',
    '<a rel="download" href="http://example.com/pkg-1.0.zip">x</a>',
    '<a rel="nofollow HomePage" href="http://example.com/pkg-1.0.zip">x</a>',
    '<a href="">x</a>',
    '<a href="#top">x</a>',
    '<a href="../">x</a>',
    '<a href="https://other.example">x</a>',
    '<a href="mailto:me@example.com">x</a>',
    '<a href="javascript:alert(1)/pkg-1.0.zip">x</a>',
    '<a href="data:text/html,/pkg-1.0.zip">x</a>',
    '<a href="file:///etc/pkg-1.0.zip">x</a>',
    '<a href="https://[">x</a>',
    '<a href="https://:0:0/x">x</a>',
    '<area href="pkg-1.0.zip">',
    '<abbr href="pkg-1.0.zip">',
    '<link href="pkg-1.0.zip">',
    '< a href="pkg-1.0.zip">',
    '</a href="pkg-1.0.zip">',
    '<!a href="pkg-1.0.zip">',
    '<?a href="pkg-1.0.zip">',
    '&lt;a href="pkg-1.0.zip"&gt;',
  ];
  for (const html of skipped) t.strictSame(hrefs(html), [], html);
  t.strictSame(names('<a rel="internal" href="pkg-1.0.zip">x</a>'), ['pkg-1.0.zip']);
  t.strictSame(names('<a rel="homepages" href="pkg-1.0.zip">x</a>'), ['pkg-1.0.zip']);
});

t.test('the name is what the address ends with, decoded', async (t) => {
  const cases: [string, string][] = [
    ['pkg-1.0+local.zip', 'pkg-1.0+local.zip'],
    ['pkg-1.0%2Blocal.zip', 'pkg-1.0+local.zip'],
    ['a%20b.zip', 'a b.zip'],
    ['%C3%A4.zip', 'ä.zip'],
    ['ä.zip', 'ä.zip'],
    ['x.zip?query=/y.zip', 'x.zip'],
    ['x.zip#/y.zip', 'x.zip'],
    ['a/b/../x.zip', 'x.zip'],
    ['a\\x.zip', 'x.zip'],
    ['..%2f..%2fx.zip', '../../x.zip'],
    ['%00.zip', '\0.zip'],
    ['%E4.zip', '%E4.zip'],
    ['%.zip', '%.zip'],
  ];
  for (const [href, name] of cases) t.strictSame(names(`<a href="${href}">other.zip</a>`), [name], href);
  t.strictSame(hrefs('<a href="//other.example/x.zip">'), ['https://other.example/x.zip']);
  t.strictSame(hrefs('<a href=" \n /x.zip ">'), ['https://pypi.example/x.zip']);
});

t.test('hashes are those of the fragment that have their right length', async (t) => {
  const hashesOf = (fragment: string): unknown => parseSimpleLinks(`<a href="x.zip#${fragment}">`, pageUrl)[0]?.hashes;
  const md5 = 'a'.repeat(32);
  const cases: [string, object][] = [
    [`sha256=${sha256}`, { sha256 }],
    [`sha256=${sha256.toUpperCase()}`, { sha256 }],
    [`md5=${md5}`, { md5 }],
    [`sha384=${'b'.repeat(96)}`, { sha384: 'b'.repeat(96) }],
    [`sha512=${'c'.repeat(128)}`, { sha512: 'c'.repeat(128) }],
    [`sha1=${'c'.repeat(40)}&sha224=${'d'.repeat(56)}`, { sha1: 'c'.repeat(40), sha224: 'd'.repeat(56) }],
    [`blake2b_256=${sha256}`, { blake2b_256: sha256 }],
    [`md5=${md5}&amp;sha256=${sha256}`, { md5, sha256 }],
    [`egg=pkg&sha256=${sha256}`, { sha256 }],
    [`sha256=${sha256}&sha256=${'f'.repeat(64)}`, { sha256 }],
    ['', {}],
    [`sha256=${md5}`, {}],
    [`md5=${sha256}`, {}],
    [`sha256=${'x'.repeat(64)}`, {}],
    [`SHA256=${sha256}`, {}],
    [`__proto__=${sha256}&constructor=${sha256}`, {}],
    ['sha256', {}],
    ['==&&=', {}],
  ];
  for (const [fragment, hashes] of cases) t.strictSame(hashesOf(fragment), hashes, fragment);
});

t.test('what a link says about one thing is understood in all its spellings', async (t) => {
  const cases: [string, keyof SimpleLink, unknown][] = [
    ['data-yanked', 'yanked', ''],
    ['data-yanked=""', 'yanked', ''],
    ['data-yanked="why"', 'yanked', 'why'],
    ['DATA-YANKED=why', 'yanked', 'why'],
    ['', 'yanked', false],
    ['data-requires-python=""', 'requiresPython', undefined],
    ['data-requires-python="&gt;=3"', 'requiresPython', '>=3'],
    ["data-requires-python='>=3'", 'requiresPython', '>=3'],
    [`data-core-metadata="sha256=${sha256}"`, 'metadata', sha256],
    [`data-dist-info-metadata="sha256=${sha256}"`, 'metadata', sha256],
    [`data-dist-info-metadata="true" data-core-metadata="sha256=${sha256}"`, 'metadata', sha256],
    ['data-core-metadata="true"', 'metadata', true],
    ['data-core-metadata="md5=0"', 'metadata', true],
    ['data-core-metadata="sha256=0"', 'metadata', true],
    ['data-core-metadata="false"', 'metadata', undefined],
    ['data-core-metadata=""', 'metadata', undefined],
    [`data-core-metadata="false" data-dist-info-metadata="sha256=${sha256}"`, 'metadata', undefined],
    ['data-provenance=""', 'provenance', undefined],
    ['data-provenance="/p"', 'provenance', '/p'],
  ];
  for (const [attributes, field, value] of cases) t.equal(linkWith(attributes)?.[field], value, attributes);
});

t.test('attributes are read as browsers read them', async (t) => {
  const link = 'https://pypi.example/simple/pkg/x.zip';
  const found = [
    '<a href="x.zip">',
    "<a href='x.zip'>",
    '<a href=x.zip>',
    '<A HREF=x.zip>',
    '<a\nhref\t=\r\n"x.zip"\f>',
    '<a/href="x.zip"/>',
    '<a href="x.zip"id=y>',
    '<a href=x.zip id>',
    '<a id href="x.zip">',
    '<a id= href href="x.zip">',
    '<a title=">" href="x.zip">',
    '<a title=\'">\' href="x.zip">',
    '<a title="<b>" href="x.zip">',
    '<a " href="x.zip">',
    '<a = href="x.zip">',
    '<a href="x.zip" href="y.zip">',
    '<a href="&#120;.zip">',
    '<a href="&#x78;.zip">',
    '<a href="&#X78;.zip">',
    'x < y <a href="x.zip">',
    '<<a href="x.zip">',
    '<><a href="x.zip">',
    '</><a href="x.zip">',
    '</b title=">"><a href="x.zip">',
    '<!DOCTYPE html><a href="x.zip">',
    '<?xml version="1.0"?><a href="x.zip">',
    '<![CDATA[ > <a href="x.zip">',
    '<br/><a href="x.zip">',
  ];
  for (const html of found) t.strictSame(hrefs(html), [link], html);
  const other: [string, string][] = [
    ['<a href=x.zip/>', `${link}/`],
    ['<a href="x.zip&amp;y.zip">', `${link}&y.zip`],
    ['<a href="x.zip&y.zip">', `${link}&y.zip`],
    ['<a href="&lt;&gt;&quot;&apos;&AMP;&nbsp;">', "https://pypi.example/simple/pkg/%3C%3E%22'&&nbsp;"],
    ['<a href="&#0;&#x110000;&#xd800;">', `https://pypi.example/simple/pkg/${'%EF%BF%BD'.repeat(3)}`],
    ['<a href="&#x1f600;&#;&#x;&#9999999999;">', 'https://pypi.example/simple/pkg/%F0%9F%98%80&'],
    ['<a href="x\0.zip">', 'https://pypi.example/simple/pkg/x%00.zip'],
  ];
  for (const [html, href] of other) {
    t.strictSame(hrefs(html), href.endsWith('/') ? [] : [href], html);
  }
});

t.test('what stands in comments and in scripts is no link', async (t) => {
  const anchor = '<a href="x.zip">';
  const hidden = [
    `<!--${anchor}-->`,
    `<!-- > ${anchor} -- ->`,
    `<!--\n${anchor}`,
    `<script>document.write('${anchor}')</script>`,
    `<SCRIPT type="a>b">${anchor}</Script >`,
    `<script/>${anchor}`,
    `<script>${anchor}</scripts>${anchor}`,
    `<style>${anchor}</style>`,
    `<title>${anchor}</title>`,
    `<textarea>${anchor}</textarea>`,
    `<iframe>${anchor}</iframe>`,
    `<b title='${anchor}'>`,
    `<b title="<a href='x.zip'>">`,
    `<a href="x.zip`,
    `<a href="x.zip"`,
    `<a href="x.zip" title="unclosed>${anchor.replaceAll('"', "'")}`,
    `<! ${anchor.replace('>', '')}>`,
    '<a',
    '<',
    '<!',
    '<!-',
    '</',
  ];
  for (const html of hidden) t.strictSame(hrefs(html), [], html);
  const seen = [
    `<!-->${anchor}`,
    `<!--->${anchor}`,
    `<!-- x --!>${anchor}`,
    `<!---->${anchor}`,
    `<!-- a -- b -->${anchor}`,
    `<script></script>${anchor}`,
    `<script><!-- </script>${anchor}`,
    `<title>x</title>${anchor}`,
    `<scripts>${anchor}`,
  ];
  for (const html of seen) t.strictSame(names(html), ['x.zip'], html);
});

t.test('no text makes it fail', async () => {
  const piece = fc.constantFrom(
    ...'<a |<|>|"|\'|=|/|!|--|<!--|-->|href=|href="x.zip"|<script>|</script|&#|&amp;|;|\0|\n| |x|#sha256=|\ud800|%'.split(
      '|',
    ),
  );
  const text = fc.oneof(
    anyText(),
    fc.array(piece).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(text, (html) => {
      serialOfHtml(html);
      projectStatusOfHtml(html);
      return parseSimpleLinks(html, pageUrl).every(({ filename }) => filename !== '');
    }),
    { numRuns: 2000 },
  );
});

t.test('long pages and long nonsense are read in one pass', async (t) => {
  const link = `<a href="../../packages/x-1.0.zip#sha256=${sha256}" data-requires-python="&gt;=3.8">x</a><br/>\n`;
  t.equal(parseSimpleLinks(link.repeat(20_000), pageUrl).length, 20_000);
  // Each of these takes hours where a position is looked at again and again.
  for (const text of [
    '<',
    '<a ',
    '<!--',
    '<!-',
    '</a ',
    '<a b="',
    "<a b='",
    '<a b= ',
    '<a b ',
    '<script>',
    '</script',
    '&#',
    '<?',
  ]) {
    t.strictSame(names(text.repeat(200_000)), [], text);
  }
});

t.test('the serial of a page is the last that it tells', async (t) => {
  const cases: [string, number | undefined][] = [
    ['</html>\n<!--SERIAL 31878540-->', 31878540],
    ['</html>\n<!--SERIAL 5-->\n', 5],
    ['<!--SERIAL 5--><!--SERIAL 6-->', 6],
    ['<!--SERIAL 0-->', 0],
    ['', undefined],
    ['<!--SERIAL -->', undefined],
    ['<!--SERIAL None-->', undefined],
    ['<!--SERIAL -1-->', undefined],
    ['<!--SERIAL 1.5-->', undefined],
    [`<!--SERIAL ${'9'.repeat(30)}-->`, undefined],
    ['<!--serial 5-->', undefined],
    ['<!--SERIAL 5', undefined],
  ];
  for (const [html, serial] of cases) t.equal(serialOfHtml(html), serial, html);
});

t.test('the status of a project is read where the page tells it', async (t) => {
  const page = renderSimpleHtml(simplePage({ status: 'deprecated', statusReason: 'use "b" & <c>' }), []);
  t.strictSame(projectStatusOfHtml(page), { status: 'deprecated', reason: 'use "b" & <c>' });
  t.strictSame(projectStatusOfHtml('<META CONTENT=archived NAME="PyPI:Project-Status">'), {
    status: 'archived',
    reason: undefined,
  });
  for (const html of [
    '',
    '<meta charset="utf-8">',
    '<meta name="pypi:project-status">',
    '<meta name="pypi:project-status" content="">',
    '<meta name="pypi:project-status-reason" content="why">',
    '<!-- <meta name="pypi:project-status" content="archived"> -->',
  ]) {
    t.equal(projectStatusOfHtml(html), undefined, html);
  }
});

import {
  parseSimpleLinks,
  projectStatusOfHtml,
  type SimpleLink,
  serialOfHtml,
} from '../../../src/formats/simple/html-links.ts';
import { escapeHtml, renderSimpleHtml } from '../../../src/formats/simple/simple-html.ts';
import { simpleFile, simplePage } from '../../formats/simple/page.ts';
import { demand, demandSame, type FuzzTarget } from '../fuzz-target.ts';
import { runOf } from './pieces.ts';
import { demandInside } from './web-paths.ts';

const pageUrl = new URL('https://index.example/simple/a/');
const sha256 = '0123456789abcdef'.repeat(4);
const href = `../../packages/01/23/${sha256.slice(4)}/a-1.0.zip`;

const tokens = [
  ...[
    '<',
    '>',
    '/',
    '!',
    '"',
    "'",
    '=',
    '&',
    ';',
    ' ',
    '\n',
    '\0',
    '%',
    '%2e',
    '%2f',
    '..',
    '\\',
    'é',
    '\ufeff',
    '<?',
    '<!',
  ],
  ...[
    '<a ',
    '</a>',
    '<A\tHREF=',
    `<a href="${href}">`,
    `<a href='${href}#sha256=${sha256}' `,
    'href=',
    '<a href=x.zip>',
  ],
  ...[' data-yanked', ' data-yanked=""', ' data-requires-python="&gt;=3"', ` data-core-metadata="sha256=${sha256}"`],
  ...[
    ' data-dist-info-metadata=true',
    ' data-provenance="p"',
    ' rel=homepage',
    '#md5=',
    'http://',
    'javascript:',
    '//h/',
  ],
  ...['<!--', '-->', '--!>', '<script>', '</script', '<title>', '</title>', '<textarea>', '&#x41;', '&#55296;', '&amp'],
  ...['<!--SERIAL 12-->', '<!--SERIAL ', '<meta name="pypi:project-status" content="', 'archived', 'a-1.0.zip'],
];

/** What a page can say of the link. */
function told({ filename, url, requiresPython, yanked, metadata, provenance }: SimpleLink): unknown {
  return [filename, url.href, requiresPython, yanked, typeof metadata === 'string' ? metadata : undefined, provenance];
}

function read(html: string): SimpleLink[] {
  serialOfHtml(html);
  projectStatusOfHtml(html);
  return parseSimpleLinks(html, pageUrl);
}

function check(html: string): void {
  const links = read(html);
  const serial = serialOfHtml(html);
  const status = projectStatusOfHtml(html);
  for (const { url, filename } of links) {
    demand(filename !== '' && /^https?:$/.test(url.protocol), 'a link leads to a file of the web');
    demandInside(url.href, filename);
  }
  const files = links.map((link) => {
    const metadataSha256 = typeof link.metadata === 'string' ? link.metadata : undefined;
    const { filename, yanked, requiresPython, provenance } = link;
    const file = simpleFile({ filename, yanked, requiresPython, sha256: link.hashes.sha256 });
    return { file, url: link.url.href, metadataSha256, provenance };
  });
  const page = simplePage({ serial, status: status?.status ?? 'active', statusReason: status?.reason });
  const rendered = renderSimpleHtml(page, files);
  demandSame(
    parseSimpleLinks(rendered, pageUrl).map(told),
    links.map(told),
    'the links of a page that is written again',
  );
  demandSame(serialOfHtml(rendered), serial, 'the serial of a page that is written again');
  demandSame(projectStatusOfHtml(rendered)?.status, page.status, 'the status of a page that is written again');
  demand(!/[<>"']/.test(escapeHtml(html)), 'what is escaped has no markup');
}

export const simpleHtml: FuzzTarget = {
  name: 'simple-html',
  encoding: 'utf8',
  inputs: runOf(tokens, 25),
  tokens,
  starts: ['', '<a href="', '<a ', '<!--', '<script>'],
  read,
  check,
};

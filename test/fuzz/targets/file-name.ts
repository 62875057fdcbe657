import fc from 'fast-check';
import { projectName } from '../../../src/core/names.ts';
import { isFileName, pagePath, projectFolder } from '../../../src/core/paths.ts';
import { parseDistributionName } from '../../../src/packaging/distribution-name.ts';
import { knownKinds } from '../../../src/packaging/distribution-name-kinds.ts';
import { type WheelFilter, type WheelTags, wheelFits } from '../../../src/packaging/wheel-tags.ts';
import { demand, demandSame, type FuzzTarget } from '../fuzz-target.ts';
import { oneOf, runOf, sequence } from './pieces.ts';
import { demandInside } from './web-paths.ts';

const folder = `packages/01/23/${'c'.repeat(60)}`;
const tokens = [
  ...[
    '-',
    '_',
    '.',
    ' ',
    '/',
    '\\',
    '%',
    '%2e%2e',
    '%2f',
    '..',
    '\0',
    '\n',
    '+',
    '!',
    'é',
    '\u0130',
    '\u212a',
    '\u017f',
    '~',
    '@',
  ],
  ...[
    '.whl',
    '.tar.gz',
    '.zip',
    '.egg',
    '.exe',
    '.msi',
    '.rpm',
    '.deb',
    '.dmg',
    '.bz2',
    '-variants.json',
    '.metadata',
    '.provenance',
  ],
  ...[
    '-1.0',
    'py3',
    'cp312',
    'abi3',
    'none',
    'any',
    'py2.py3-none-any',
    'manylinux_2_17_x86_64',
    'manylinux2014_aarch64',
    'win32',
  ],
  ...[
    'macosx_11_0_universal2',
    'musllinux_1_2_i686',
    '.linux-x86_64',
    '.win-amd64',
    '-py2.7',
    '-1.noarch',
    '_all',
    'v1',
    'rc1',
  ],
  ...[
    'foo',
    'Foo.Bar',
    'foo_bar',
    'x86_64',
    `${folder}/`,
    'https://f.example/',
    '../',
    'source/f/foo/',
    'simple/',
    'index.html',
  ],
];
const name = fc.oneof(
  sequence(
    oneOf('foo', 'Foo.Bar', 'foo_bar', '2to3', 'a-1'),
    oneOf('-1.0', '-1.0rc1', '_1.0', '-1!2+x', ''),
    oneOf(
      '-py3-none-any.whl',
      '-1-cp312-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
      '.tar.gz',
      '.linux-x86_64.zip',
      '.win32-py2.7.exe',
      '-py2.7.egg',
      '-1.noarch.rpm',
      '-variants.json',
      '.x',
    ),
  ),
  runOf(tokens, 8),
);
const project = oneOf('foo', 'foo-bar', 'a', '2to3', 'İ', '');
const place = fc.oneof(
  sequence(
    oneOf('https://f.example/', '../../', '/'),
    oneOf(folder, 'packages/source/f/foo', 'packages/2.7/f/foo', 'x/..'),
    '/',
  ),
  runOf(tokens, 4),
);

/** The parts of a wheel's name that leaves no doubt. */
const wheel =
  /^([A-Za-z0-9_.]+)-([0-9][A-Za-z0-9_.+!]*)(?:-(\d[^-/]*))?-([a-z][a-z0-9.]*)-([a-z0-9_.]+)-([a-z0-9_.]+)\.whl$/;

const wishes: readonly WheelFilter[] = [
  {},
  { systems: ['linux'] },
  { systems: ['linux'], machines: ['x86_64'] },
  {
    systems: ['linux'],
    machines: ['x86_64'],
    pythons: [{ implementation: 'cp', major: 3, minor: 12, threaded: false }],
  },
  {
    systems: ['linux'],
    machines: ['x86_64'],
    pythons: [{ implementation: 'cp', major: 3, minor: 12, threaded: false }],
    glibc: [2, 17],
  },
];

function checkTags(tags: WheelTags): void {
  const answers = wishes.map((wish) => wheelFits(tags, wish));
  demand(answers[0] === true, 'where nothing is demanded every wheel fits');
  for (const [index, fits] of answers.entries()) {
    demand(!fits || answers[index - 1] !== false, 'what fits a narrow wish fits a wider one');
  }
}

function checkParts(filename: string, text: string): void {
  const parsed = parseDistributionName(filename, projectName(text));
  if (parsed === undefined) return;
  const { kind, project: found, version, tags } = parsed;
  demand(knownKinds.includes(kind) && filename.startsWith(found), 'a name has a kind, and begins with its project');
  demand(
    version === undefined || filename.replaceAll('_', '-').includes(version.replaceAll('_', '-')),
    'the version stands in the name',
  );
  if (tags !== undefined) checkTags(tags);
  const [whole, ...parts] = wheel.exec(filename) ?? [];
  if (whole === undefined || filename.length > 255) return;
  const alone = parseDistributionName(filename);
  const expected = [parts[0], parts[1]?.replaceAll('_', '-'), parts[2]];
  demandSame([alone?.project, alone?.version, alone?.build], expected, 'a plain wheel is read plainly');
}

function check(text: string): void {
  const [filename = '', projectText = '', url = ''] = text.split('\n');
  checkParts(filename, projectText);
  demand(!isFileName(filename) || !/[/\\\p{C}]|^[.-]/u.test(filename), 'the name of a file is one part of a path');
  demandInside(url + encodeURIComponent(filename), filename);
  demandInside(url, filename);
  const normal = projectName(projectText);
  if (normal === undefined) return;
  demand(projectName(normal) === normal, 'a normal name stays as it is');
  const page = pagePath('index.html', normal);
  demand(
    page === `${projectFolder(normal)}/index.html` && /^simple\/[a-z0-9-]+\/index\.html$/.test(page),
    'a page has its place',
  );
}

export const fileName: FuzzTarget = {
  name: 'file-name',
  encoding: 'utf8',
  inputs: fc
    .tuple(name, project, place, fc.boolean())
    .map(([file, text, url, isSame]) => [file, text, isSame ? url + file : url].join('\n')),
  tokens,
  starts: ['', 'foo-1.0', 'foo-1.0-py3-none-any'],
  read: (text) => {
    parseDistributionName(text);
    parseDistributionName(text.slice(0, 255));
    projectName(text);
    isFileName(text);
  },
  check,
};

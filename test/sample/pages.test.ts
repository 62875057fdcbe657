import t from 'tap';
import { recording, recordingsMissing } from '../fixtures/shared-fixtures.ts';
import { type FileEntry, type ProjectPage, projectPage, renderJson, renderProjectHtml } from './pages.ts';
import { sampleIndex } from './sample-projects.ts';
import { compareVersions } from './versions.ts';

const unescaped = (text: string | undefined): string | null =>
  text === undefined ? null : text.replace('&gt;', '>').replace('&lt;', '<').replace('&amp;', '&');

const fileOf = (line: string): FileEntry => {
  const attribute = (name: string): string | undefined => new RegExp(` ${name}="([^"]*)"`).exec(line)?.[1];
  const [url = '', sha256 = ''] = (attribute('href') ?? '').split('#sha256=');
  const core = attribute('data-core-metadata')?.replace('sha256=', '');
  const metadata = core !== undefined && { sha256: core };
  return {
    'core-metadata': metadata,
    'data-dist-info-metadata': metadata,
    filename: />([^<]*)<\/a>/.exec(line)?.[1] ?? '',
    hashes: { sha256 },
    provenance: attribute('data-provenance') ?? null,
    'requires-python': unescaped(attribute('data-requires-python')),
    size: 0,
    'upload-time': '',
    url,
    yanked: false,
  };
};

const pageOf = (name: string): ProjectPage => {
  const project = sampleIndex().find(name);
  if (project === undefined) throw new Error(`no sample project is called ${name}`);
  return projectPage(project, 'http://sample');
};

t.test(
  'a page rendered from the data of a recorded PyPI page has the same bytes',
  { skip: recordingsMissing },
  async (t) => {
    const html = recording('simple-html/iniconfig.api-1.4.html');
    const page: ProjectPage = {
      files: html
        .split('\n')
        .filter((line) => line.startsWith('<a '))
        .map(fileOf),
      meta: { '_last-serial': 31878540, 'api-version': '1.4' },
      name: 'iniconfig',
      'project-status': { status: 'active' },
      versions: [],
    };
    t.equal(page.files.length, 16);
    // The recording has a newline at its end, which PyPI does not send.
    t.equal(`${renderProjectHtml(page)}\n`, html);
  },
);

t.test('a yank reason is escaped in HTML and plain in JSON', async (t) => {
  const page = pageOf('sample-yanked');
  const html = renderProjectHtml(page);
  t.match(
    html,
    'data-requires-python="&gt;=3.7" data-yanked="breaks &#34;everything&#34; &amp; &lt;more&gt;" data-dist-info',
  );
  t.match(html, 'data-yanked="" >sample_yanked-1.2.tar.gz');
  t.same(
    page.files.map(({ yanked }) => yanked),
    [false, false, ...Array(2).fill('breaks "everything" & <more>'), true, true],
  );
});

t.test('JSON is compact, has sorted keys and ends with a newline', async (t) => {
  for (const project of sampleIndex().projects()) {
    const text = renderJson(projectPage(project, 'http://sample'));
    const sorted = (_: string, value: unknown): unknown =>
      value !== null && typeof value === 'object' && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)))
        : value;
    t.equal(text, `${JSON.stringify(JSON.parse(text), sorted)}\n`, project.name);
  }
});

t.test('upload times have six digits of a second or none', async (t) => {
  const times = pageOf('sample-base').files.map((file) => file['upload-time']);
  t.ok(times.some((time) => /:\d\dZ$/.test(time)));
  t.ok(times.some((time) => /:\d\d\.\d{6}Z$/.test(time)));
});

t.test('versions are ordered as PEP 440 orders them, older spellings first', async (t) => {
  const ordered =
    'final-1 0.9 1.dev1 1.0a1.dev2 1.0a1 1.0b2 1.0rc1 1.0 1.0+local 1.0.post1.dev1 1.0.post1 1.1 1.9 1.10 1!0.1'.split(
      ' ',
    );
  t.same([...ordered].reverse().sort(compareVersions), ordered);
  t.equal(compareVersions('1.0', '1'), 0);
});

import t from 'tap';
import { projectCandidates } from '../../src/formats/file-name.ts';

const rows: readonly (readonly [filename: string, project: string])[] = [
  ['project_298-3.8.20-py3-none-any.whl', 'project-298'],
  ['Foo.Bar-1.0-1-cp313-cp313-manylinux_2_28_x86_64.whl', 'foo-bar'],
  ['sample_sdist-0.9.tar.gz', 'sample-sdist'],
  ['zc.buildout-1.6.0.tgz', 'zc-buildout'],
  ['project-104-0.4.5.zip', 'project-104'],
  ['project-115-3.6.24+local.1.zip', 'project-115'],
  ['my-tool-1.0-2.tar.gz', 'my-tool'],
  ['my-tool-1.0-beta1.tar.gz', 'my-tool'],
  ['my-tool-1.0.post1.dev3.tar.bz2', 'my-tool'],
  ['py3-dns-2.0.zip', 'py3-dns'],
  ['setuptools-0.6c11-py2.7.egg', 'setuptools'],
  ['lxml-2.3.win32-py2.7.exe', 'lxml'],
  ['pywin32-219.win-amd64-py3.4.exe', 'pywin32'],
  ['thing-1.0-1.noarch.rpm', 'thing'],
  ['thing-1.0.linux-x86_64.tar.gz', 'thing'],
  ['thing-snapshot.tar.gz', 'thing'],
  ['thing.zip', 'thing'],
];

t.test('the likeliest project of a file name comes first', async (t) => {
  for (const [filename, project] of rows) t.equal(projectCandidates(filename)[0], project, filename);
});

t.test('every other place where the name may end is a candidate too', async (t) => {
  t.same(projectCandidates('a-b-1-2.0.tar.gz'), ['a-b-1', 'a-b', 'a']);
});

t.test('a name that is no project has no candidates', async (t) => {
  t.same(projectCandidates('-.zip'), []);
});

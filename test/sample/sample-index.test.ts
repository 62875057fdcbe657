import t from 'tap';
import { makeSdist, makeWheel } from './distributions.ts';
import { listPage, projectPage } from './pages.ts';
import { SampleIndex } from './sample-index.ts';
import type { SampleProject } from './sample-model.ts';

const wheel = (version: string) => makeWheel({ name: 'Some.Name', version });

const filled = (): { index: SampleIndex; project: SampleProject } => {
  const index = new SampleIndex();
  index.publish(makeSdist({ name: 'Some.Name', version: '1.0' }), { displayName: 'SOME.Name' });
  index.publish(wheel('1.0'));
  index.publish(wheel('2.0'));
  const project = index.find('some_name');
  if (project === undefined) throw new Error('nothing was published');
  return { index, project };
};

const filenames = (project: SampleProject): string[] => projectPage(project, '').files.map(({ filename }) => filename);

t.test('publishing writes the journal rows of PyPI', async (t) => {
  const { index, project } = filled();
  t.same(
    index.journal.map(([name, version, , action, serial]) => [name, version, action, serial]),
    [
      ['SOME.Name', null, 'create', 1001],
      ['SOME.Name', '1.0', 'new release', 1002],
      ['SOME.Name', '1.0', 'add source file some_name-1.0.tar.gz', 1003],
      ['SOME.Name', '1.0', 'add py3 file some_name-1.0-py3-none-any.whl', 1004],
      ['SOME.Name', '2.0', 'new release', 1005],
      ['SOME.Name', '2.0', 'add py3 file some_name-2.0-py3-none-any.whl', 1006],
    ],
  );
  t.equal(index.serial, 1006);
  t.equal(project.serial, 1006);
  t.throws(() => index.publish(wheel('2.0')), /exists already/);
});

t.test('each change shows on the page and in the journal', async (t) => {
  const { index, project } = filled();
  const last = () => index.journal.at(-1)?.slice(1, 4).toSpliced(1, 1);
  index.removeFile('some-name', 'some_name-1.0.tar.gz');
  t.same(last(), ['1.0', 'remove file some_name-1.0.tar.gz']);
  index.quarantineRelease('some-name', '2.0');
  t.same(last(), ['2.0', 'release quarantined']);
  t.same(filenames(project), ['some_name-1.0-py3-none-any.whl']);
  index.clearReleaseQuarantine('some-name', '2.0');
  index.removeRelease('some-name', '1.0');
  t.same(last(), ['1.0', 'remove release']);
  t.same(projectPage(project, '').versions, ['2.0']);
  index.quarantine('some-name');
  t.same(last(), [null, 'project quarantined']);
  t.match(projectPage(project, ''), { files: [], 'project-status': { status: 'quarantined' } });
  t.same(listPage(index).projects, []);
  index.clearQuarantine('some-name');
  t.equal(listPage(index).projects.length, 1);
  const path = index.pathOf('some-name', 'some_name-2.0-py3-none-any.whl');
  index.removeProject('some-name');
  t.same(last(), [null, 'remove project']);
  t.equal(index.find('some-name'), undefined);
  t.ok(index.blob(path), 'the blob outlives the project');
});

t.test('archiving and attesting change the page without any serial', async (t) => {
  const { index, project } = filled();
  index.archive('some-name');
  index.attest('some-name', 'some_name-2.0-py3-none-any.whl');
  const page = projectPage(project, '');
  t.equal(page['project-status'].status, 'archived');
  t.equal(page.files.at(-1)?.provenance, '/integrity/some-name/2.0/some_name-2.0-py3-none-any.whl/provenance');
  t.equal(index.serial, 1006);
});

t.test('a role raises the serial and a stray row only that of the index', async (t) => {
  const { index, project } = filled();
  index.addRole('some-name', 'alice', 'Owner');
  t.equal(project.serial, 1007);
  index.addStrayRow('some-name', null, 'update');
  t.equal(project.serial, 1007);
  t.equal(index.serial, 1008);
  t.same(
    index.changesSince(1006, 1).map(([, , , action]) => action),
    ['add Owner alice'],
  );
  t.same(index.changesSince(1008, 10), []);
});

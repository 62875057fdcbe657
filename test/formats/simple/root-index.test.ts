import t from 'tap';
import { type ProjectName, projectName } from '../../../src/core/names.ts';
import { ProjectListParser } from '../../../src/formats/simple/project-list.ts';
import {
  type IndexEntry,
  type RootIndexForm,
  rootIndexHtml,
  rootIndexJson,
} from '../../../src/formats/simple/root-index.ts';

function entry(displayName: string, serial?: number): IndexEntry {
  return { name: projectName(displayName) as ProjectName, displayName, serial };
}

function render(form: RootIndexForm, entries: readonly IndexEntry[]): string {
  return form.head + entries.map((project) => form.entry(project)).join(form.separator) + form.tail;
}

const entries = [entry('a', 5), entry('Zope.Interface', 7), entry('no-serial')];

t.test('the list in JSON has the bytes that PyPI would send', async (t) => {
  t.equal(
    render(rootIndexJson(9), entries),
    '{"meta":{"_last-serial":9,"api-version":"1.4"},"projects":[{"_last-serial":5,"name":"a"},' +
      '{"_last-serial":7,"name":"Zope.Interface"},{"name":"no-serial"}]}\n',
  );
});

t.test('a list without serials and without projects is a list', async (t) => {
  t.equal(render(rootIndexJson(undefined), []), '{"meta":{"api-version":"1.4"},"projects":[]}\n');
});

t.test('another mirror reads from our list what we wrote', async (t) => {
  const parser = new ProjectListParser('list');
  const hostile = { ...entry('x'), displayName: 'a"\\\n\u2028</a>é😀' };
  const read = parser.push(Buffer.from(render(rootIndexJson(9), [...entries, hostile])));
  t.same(parser.end(), { serial: 9 });
  t.same(
    read,
    [...entries, hostile].map(({ displayName, serial }) => ({ displayName, serial })),
  );
});

t.test('the list in HTML links each project relative to itself, under the name its authors chose', async (t) => {
  const html = render(rootIndexHtml, [...entries, { ...entry('x'), displayName: '<b>&"' }]);
  t.match(html, /^<!DOCTYPE html>\n<html lang="en">\n/);
  t.match(html, '<meta name="pypi:repository-version" content="1.4">');
  t.same(html.match(/<a .*/g), [
    '<a href="a/">a</a>',
    '<a href="zope-interface/">Zope.Interface</a>',
    '<a href="no-serial/">no-serial</a>',
    '<a href="x/">&lt;b&gt;&amp;&#34;</a>',
  ]);
  t.match(html, /<\/body>\n<\/html>$/);
});

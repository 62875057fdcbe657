import t from 'tap';
import { nearestName, suggestion } from '../../src/core/suggestion.ts';

const known = ['quiet', 'help', 'version', 'workers', 'upstream', 'project', 'index-only'];

t.test('a typing error leads to the name that was meant', async (t) => {
  const typed: [string, string | undefined][] = [
    ['quiet', 'quiet'],
    ['quite', 'quiet'],
    ['queit', 'quiet'],
    ['uiet', 'quiet'],
    ['quiett', 'quiet'],
    ['hepl', 'help'],
    ['upsteam', 'upstream'],
    ['projekt', 'project'],
    ['indexonly', 'index-only'],
    ['index_only', 'index-only'],
    ['frobnicate', undefined],
    ['', undefined],
    ['colour', undefined],
  ];
  for (const [text, meant] of typed) t.equal(nearestName(text, known), meant, text);
  t.equal(nearestName('x', []), undefined);
});

t.test('where nothing is near everything that is known is named', async (t) => {
  t.equal(suggestion('wrokers', known), '; did you mean workers?');
  t.equal(suggestion('frobnicate', ['a', 'b']), '; known are a, b');
});

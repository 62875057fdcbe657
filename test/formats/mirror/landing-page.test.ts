import t from 'tap';
import { renderLandingPage } from '../../../src/formats/mirror/landing-page.ts';

t.test('a person learns from the first page how to install from the mirror, and where to see how it is', async (t) => {
  const html = renderLandingPage('https://pypi.example', 'https://mirror.example');
  t.match(html, '<h1>Mirror of https://pypi.example</h1>');
  t.match(html, 'pip install --index-url https://mirror.example/simple/ PROJECT');
  for (const link of ['simple/', 'mirror-status.json', 'last-modified']) t.match(html, `<a href="${link}">`);
});

t.test('where the mirror does not know its own address the reader puts it in', async (t) => {
  t.match(renderLandingPage('https://pypi.example', undefined), '--index-url https://THIS-HOST/simple/');
});

t.test('an address cannot become markup on the first page', async (t) => {
  t.notMatch(renderLandingPage('https://x/"><b>', 'https://y/<b>'), '<b>');
});

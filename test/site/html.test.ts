/** The template tag of pages: whatever comes from outside stays text. */
import t from 'tap';
import { html } from '../../src/site/html.ts';

t.test('values are text, in content and in attributes', async (t) => {
  const hostile = `"'><script>alert(1)</script>&amp;`;
  const page = html`<b title="${hostile}">${hostile}</b>`;
  const text = '&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;';
  t.equal(String(page), `<b title="${text}">${text}</b>`);
});

t.test('only what a template made is kept as markup', async (t) => {
  t.equal(
    String(html`<p>${html`<i>${1}</i>`}${[html`<b>x</b>`, '<', undefined, false]}</p>`),
    '<p><i>1</i><b>x</b>&lt;</p>',
  );
});

t.test('characters that hide or turn text are shown as replaced', async (t) => {
  t.equal(String(html`${'a\u0000b\u001bc\u202ed\u0085e\ud800f\tg\nh'}`), 'a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\tg\nh');
});

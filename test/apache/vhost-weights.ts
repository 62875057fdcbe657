/** What the weights of Accept ask for, by RFC 9110: the more specific range counts, then the higher weight. */
import type { Test } from 'tap';
import { ask, typeOf } from './ask.ts';
import type { TriedHost } from './tried-host.ts';

const json = 'application/vnd.pypi.simple.v1+json';
const html = 'application/vnd.pypi.simple.v1+html';
const text = 'text/html';

export async function testWeights(t: Test, { apache }: TriedHost): Promise<void> {
  const rows: readonly (readonly [accept: string, type: string])[] = [
    [`${text}, ${json};q=0.1`, text],
    [`${json};q=0.1, ${text}`, text],
    [`${json};q=0.9, ${text};q=0.8`, json],
    [`${json};q=0.8, ${text};q=0.9`, text],
    [`${json};q=0.55, ${text};q=0.5`, json],
    [`${json};q=0.5, ${text};q=0.55`, text],
    [`${json};q=0.50, ${text};q=0.5`, json],
    [`${json};q=0.5, ${text};q=0.500`, json],
    [`${json};q=1.000, ${text};q=0.999`, json],
    [`${json};q=0.999, ${text};q=1.0`, text],
    [`${json}, ${text}`, json],
    [`${text}, ${json}`, json],
    [`${json} ; Q=0.2 , TEXT/HTML ; q=0.3`, text],
    [`${json};q=0.5, */*`, text],
    [`${json};q=0.5, text/*;q=0.6`, text],
    [`${json}, */*;q=0.01`, json],
    [`${json};q=0.5, */*, ${text};q=0.1`, json],
    [`${json};q=0.5, ${text};q=0.1, */*`, json],
    [`${text};charset=utf-8;q=0.3, ${json};q=0.2`, text],
    [`${text};charset=utf-8;q=0.1, ${json};profile=x;q=0.2`, json],
    [`${html};q=0.5, ${json};q=0.4`, html],
    [`${html};q=0.4, ${json};q=0.5`, json],
    [`${html};q=0.1, ${text};q=0.5`, text],
    [`${html};q=0.6, ${text};q=0.5, ${json};q=0.1`, html],
    [`${json};q=0.000, ${text};q=0.001`, text],
    [`${json};q=0, ${html};q=0, */*;q=0`, text],
    [`${json};q=0.0, */*;q=0.5`, text],
    [`${text};q=0, ${json};q=0.1`, json],
    [`text/plain, ${json};q=0.1, image/png;q=0.9`, json],
    [`${json}${';x=y'.repeat(1500)};q=0.1, ${text};q=0.2`, text],
    [Array(900).fill(text).join(''), text],
  ];
  for (const [accept, type] of rows) {
    for (const path of ['/simple/', '/simple/foo-bar/']) {
      const reply = await ask(apache.url, path, { headers: { Accept: accept } });
      t.same([reply.status, typeOf(reply)], [200, type], `${path} for ${accept.slice(0, 120)}`);
    }
    const asked = await ask(apache.url, `/simple/?format=${json}`, { headers: { Accept: accept } });
    t.equal(typeOf(asked), json, 'but ?format= decides');
  }
}

/** The ETags of pages: one for each form and encoding, whatever the times and sizes of the files, and what is asked by them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Test } from 'tap';
import { ask } from './ask.ts';
import type { TriedHost } from './tried-host.ts';

const types = ['text/html', 'application/vnd.pypi.simple.v1+html', 'application/vnd.pypi.simple.v1+json'];
const encodings = ['identity', 'gzip'];

/** Writes the project `equal`: all files of its page have one size and one time. */
export function writeEqualPages(target: string): void {
  const folder = join(target, 'web/simple/equal');
  mkdirSync(folder);
  const twin = gzipSync('x');
  for (const name of ['index.html', 'index.html.gz', 'index.v1_json', 'index.v1_json.gz']) {
    const path = join(folder, name);
    writeFileSync(path, name.endsWith('.gz') ? twin : name.padEnd(twin.length));
    utimesSync(path, 1_700_000_000, 1_700_000_000);
  }
}

export async function testEtags(t: Test, { apache, host, target }: TriedHost): Promise<void> {
  const get = (type: string, encoding: string, headers: Readonly<Record<string, string>> = {}) =>
    ask(apache.url, '/simple/equal/', { headers: { Accept: type, 'Accept-Encoding': encoding, ...headers } });
  const forms = types.flatMap((type) => encodings.map((encoding) => ({ type, encoding })));
  const etagsOf = async (): Promise<string[]> => {
    const replies = await Promise.all(forms.map(({ type, encoding }) => get(type, encoding)));
    return replies.map(({ headers }) => headers.etag ?? '');
  };

  const etags = await etagsOf();
  t.equal(new Set(etags).size, forms.length, etags.join(' '));
  for (const [index, { type, encoding }] of forms.entries()) {
    for (const [other, etag] of etags.entries()) {
      const what = `${type} in ${encoding}, asked by ${etag}`;
      const expected = other === index ? 304 : 200;
      const strongly = await get(type, encoding, { 'If-None-Match': etag });
      const weakly = await get(type, encoding, { 'If-None-Match': `W/${etag}` });
      t.same([strongly.status, weakly.status], [expected, expected], `${what}, and weakly`);
    }
    const all = await get(type, encoding, { 'If-None-Match': `"x", ${etags.join(',')} , W/"y-json;z"` });
    t.same([all.status, all.headers.etag], [304, etags[index]], 'of many the right one is found');
    const raw = (etags[index] ?? '').replace(/-[^-]*"$/, '"');
    t.equal(
      (await get(type, encoding, { 'If-None-Match': raw })).status,
      200,
      'one from before there were forms is old',
    );
    // Not all stores know this one.
    const any = (await get(type, encoding, { 'If-None-Match': '*' })).status;
    t.ok(any === 304 || (any === 200 && host.inBucket), `${any}`);
  }

  // An ETag of a store comes from the bytes.
  if (host.inBucket) return;
  const [web, copy] = [join(target, 'web'), join(target, 'copy')];
  execFileSync('cp', ['-a', web, copy]);
  rmSync(web, { recursive: true });
  execFileSync('cp', ['-a', copy, web]);
  t.same(await etagsOf(), etags, 'a copy that keeps the times keeps the ETags');
  rmSync(web, { recursive: true });
  execFileSync('cp', ['-r', copy, web]);
  t.equal(new Set(await etagsOf()).size, forms.length, 'and one that does not has others, distinct all the same');
}

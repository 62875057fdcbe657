/** `/sync` with every set of modules: it runs the program or says why not, and never shows it. */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import {
  type Apache,
  type ApacheOptions,
  apacheOrReason,
  clientAddressHeader,
  openApache,
} from '../fixtures/apache.ts';
import { openToAll } from '../fixtures/open-to-all.ts';
import { ask } from './ask.ts';
import { writeSmallMirror } from './small-mirror.ts';

const program = `#!/bin/sh
# the source
cat >/dev/null
printf 'Content-Type: text/plain\\n\\nrun for %s' "$PYPITARGET"
`;
const source = /#!|the source|printf/;
const paths = ['/sync', '/sync/', '/sync/more', '/sync?-s', '/sync?x=y'];

/** Returns the virtual host with three seconds for a body instead of twenty. */
function withShortWait(shipped: string): string {
  const wait = /^( *RequestReadTimeout .* body=)20$/m;
  if (!wait.test(shipped)) throw new Error('the virtual host does not wait twenty seconds for a body');
  return shipped.replace(wait, (_, start) => `${start}3`);
}

for (const module of ['event', 'prefork'] as const) {
  t.test(`/sync on ${module} without a CGI module is out of service`, apacheOrReason(), async (t) => {
    const { apache } = await openWithProgram(t, { module });
    for (const path of paths) {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT']) {
        const reply = await ask(apache.url, path, { method });
        t.equal(reply.status, 503, `${method} ${path}`);
        t.notMatch(reply.body.toString(), source);
      }
    }
    const ranged = await ask(apache.url, '/sync', {
      headers: { Range: 'bytes=0-9', 'If-Modified-Since': 'now' },
    });
    t.equal(ranged.status, 503);
    t.equal((await ask(apache.url, '/simple/', {})).status, 200, 'and the pages are served');
  });

  t.test(`/sync on ${module} with a CGI module`, apacheOrReason(), async (t) => {
    const { apache, programs, target } = await openWithProgram(t, {
      module,
      cgi: true,
      edit: withShortWait,
    });

    await t.test('runs the program for this mirror', async (t) => {
      for (const path of paths) {
        for (const method of ['GET', 'POST']) {
          const reply = await ask(apache.url, path, {
            method,
            body: method === 'POST' ? 'hello' : '',
          });
          t.equal(reply.status, 200, `${method} ${path}`);
          t.equal(reply.body.toString(), `run for ${target}`);
        }
      }
    });

    await t.test('is closed to other addresses', async (t) => {
      const reply = await ask(apache.url, '/sync', {
        headers: { [clientAddressHeader]: '192.0.2.10' },
      });
      t.equal(reply.status, 403);
      t.notMatch(reply.body.toString(), source);
      const page = await ask(apache.url, '/simple/', {
        headers: { [clientAddressHeader]: '192.0.2.10' },
      });
      t.equal(page.status, 200, 'which may read the mirror');
    });

    await t.test('takes no long body', async (t) => {
      const reply = await ask(apache.url, '/sync', {
        method: 'POST',
        body: 'x'.repeat(5000),
      });
      t.equal(reply.status, 413);
    });

    await t.test('gives up a body that does not come', async (t) => {
      const socket = connect(Number(new URL(apache.url).port), '127.0.0.1');
      socket.write('POST /sync HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 4096\r\n\r\n');
      const drip = setInterval(() => socket.write('x'), 100);
      socket.on('error', () => {});
      t.match(await text(socket), /^HTTP\/1\.1 408 /);
      clearInterval(drip);
    });

    await t.test('opens no other file of its folder', async (t) => {
      for (const path of [
        '/syncx',
        '/sync/../pep381run',
        '/sync/%2e%2e/pep381run',
        '/pep381run',
        '/sync%2f..%2fpep381run',
      ]) {
        const reply = await ask(apache.url, path);
        t.equal(reply.status, 404, path);
        t.notMatch(reply.body.toString(), source);
      }
    });

    await t.test('answers 404 when the program is missing', async (t) => {
      rmSync(join(programs, 'pep381sync.cgi'));
      for (const path of paths) {
        const reply = await ask(apache.url, path);
        t.equal(reply.status, 404, path);
        t.notOk(reply.body.toString().includes(programs), 'and does not name the folder');
      }
      rmSync(programs, { recursive: true });
      t.equal((await ask(apache.url, '/sync')).status, 403, 'a missing folder falls under the ban on everything else');
    });
  });
}

t.test('with the lines about signatures Apache itself refuses what bears none', apacheOrReason(), async (t) => {
  const lines = /^ {2}# (RewriteCond %\{HTTP:X-Pep381-Timestamp\}.*|RewriteRule \^\/sync - \[F\])$/gm;
  const { apache } = await openWithProgram(t, { cgi: true, edit: (shipped) => shipped.replace(lines, '  $1') });
  const good = { 'X-Pep381-Timestamp': '1795340000.123', 'X-Pep381-Signature': `sha256=${'0aF'.repeat(21)}b` };
  const rows: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
    ['both', good, 200],
    ['neither', {}, 403],
    ['no timestamp', { 'X-Pep381-Signature': good['X-Pep381-Signature'] }, 403],
    ['no signature', { 'X-Pep381-Timestamp': '1795340000' }, 403],
    ['a short signature', { ...good, 'X-Pep381-Signature': 'sha256=0' }, 403],
    ['a timestamp that is none', { ...good, 'X-Pep381-Timestamp': 'now' }, 403],
  ];
  for (const path of paths) {
    for (const [what, headers, status] of rows) {
      const reply = await ask(apache.url, path, { method: 'POST', headers, body: 'hello' });
      t.equal(reply.status, status, `${path}: ${what}`);
      if (status === 403) t.match(reply.body.toString(), /<title>403 Forbidden/, 'by Apache');
    }
  }
  t.equal((await ask(apache.url, '/simple/')).status, 200);
});

t.test('while a request waits Apache answers as the program would', apacheOrReason(), async (t) => {
  const { apache, target } = await openWithProgram(t, { cgi: true });
  mkdirSync(join(target, 'run'));
  writeFileSync(join(target, 'run/sync-requested'), '');
  for (const method of ['GET', 'POST', 'HEAD']) {
    const { status, headers, body } = await ask(apache.url, '/sync', { method });
    t.equal(status, 202, method);
    t.equal(body.toString(), method === 'HEAD' ? '' : 'Mirroring requested\n');
    t.match(headers['content-type'], /^text\/plain/);
    t.equal(headers['cache-control'], 'no-store');
  }
  rmSync(join(target, 'run/sync-requested'));
  t.equal((await ask(apache.url, '/sync')).body.toString(), `run for ${target}`);
});

async function openWithProgram(
  t: Test,
  options: Omit<ApacheOptions, 'target' | 'programs'>,
): Promise<{
  readonly apache: Apache;
  readonly programs: string;
  readonly target: string;
}> {
  const folder = openToAll(t).testdir({
    programs: { 'pep381sync.cgi': program, pep381run: program },
    target: {},
  });
  const programs = join(folder, 'programs');
  const target = join(folder, 'target');
  chmodSync(join(programs, 'pep381sync.cgi'), 0o755);
  writeSmallMirror(target);
  const apache = await openApache({ ...options, target, programs });
  t.teardown(() => apache.close());
  return { apache, programs, target };
}

t.test('no answer of /sync is kept, whatever its status', apacheOrReason(), async (t) => {
  const folder = openToAll(t).testdir({ programs: {}, target: {} });
  const [programs, target] = [join(folder, 'programs'), join(folder, 'target')];
  writeSmallMirror(target);
  const program = join(programs, 'pep381sync.cgi');
  const answering = (head: string): void => {
    writeFileSync(program, `#!/bin/sh\ncat >/dev/null\nprintf '${head}Content-Type: text/plain\\n\\nx'\n`);
    chmodSync(program, 0o755);
  };
  answering('');
  const apache = await openApache({ target, programs, cgi: true });
  t.teardown(() => apache.close());
  for (const [expected, head, question] of [
    [200, '', {}],
    [403, 'Status: 403 Forbidden\\n', {}],
    [429, 'Status: 429 Too Many Requests\\n', {}],
    [500, 'Status: 500 Internal Server Error\\n', {}],
    [403, '', { headers: { [clientAddressHeader]: '192.0.2.10' } }],
    [413, '', { method: 'POST', body: 'x'.repeat(5000) }],
  ] as const) {
    answering(head);
    const { status, headers } = await ask(apache.url, '/sync', question);
    t.equal(status, expected);
    t.equal(headers['cache-control'], 'no-store', `${expected}`);
  }
});

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import t, { type Test } from 'tap';
import { Agent } from 'undici';
import { NonsenseError } from '../../../src/core/errors.ts';
import { guardedLookup, type Resolve } from '../../../src/upstream/pypi/guarded-lookup.ts';
import { HttpClient } from '../../../src/upstream/pypi/http-client.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';

/** Names and their addresses, instead of the system's. */
function names(known: Readonly<Record<string, readonly string[]>>): Resolve {
  return async (hostname) => {
    const addresses = known[hostname];
    if (addresses === undefined)
      throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' });
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
}

/** The addresses that may be connected to for the name of the files, or why none may. */
function lookUp(addresses: readonly string[], upstreamAddress = '151.101.0.223', fileHosts: readonly string[] = []) {
  const resolve = names({ 'files.example': addresses, 'pypi.example': [upstreamAddress] });
  const guarded = guardedLookup({ upstream: 'pypi.example', fileHosts: ['files.example', ...fileHosts] }, resolve);
  return new Promise<unknown>((done) => {
    guarded('files.example', { all: true }, (error, found) =>
      done(error ?? (Array.isArray(found) ? found.map(({ address }) => address) : found)),
    );
  });
}

const localAddresses =
  '127.0.0.1 127.1.2.3 0.0.0.0 10.1.2.3 100.64.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.168.1.1 224.0.0.1 ' +
  '255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:169.254.169.254 fe80::1 fd00::1 fc00::1 ff02::1';
const publicAddresses = '151.101.1.63 100.63.0.1 172.32.0.1 192.169.0.1 8.8.8.8 2a04:4e42::223 2600::';

t.test('a host of files of a public index is not connected to if its address is local', async (t) => {
  for (const address of localAddresses.split(' ')) t.ok((await lookUp([address])) instanceof NonsenseError, address);
  t.match(await lookUp(['127.0.0.1']), {
    message: /^files\.example: has an address of this machine .* \(127\.0\.0\.1\)/,
  });
  for (const address of publicAddresses.split(' ')) t.same(await lookUp([address]), [address]);
});

t.test('of several addresses the public ones are left', async (t) => {
  t.same(await lookUp(['127.0.0.1', '8.8.8.8', '::1']), ['8.8.8.8']);
});

t.test('if the index itself is local, its files may be, too', async (t) => {
  t.same(await lookUp(['10.0.0.1'], '192.168.0.1'), ['10.0.0.1']);
  for (const upstream of ['127.0.0.1', '[::1]']) {
    const guarded = guardedLookup({ upstream, fileHosts: [] }, names({ x: ['10.0.0.1'] }));
    const found = await new Promise((done) => guarded('x', {}, (error, address) => done(error ?? address)));
    t.equal(found, '10.0.0.1', upstream);
  }
});

t.test('an address that is named in file-hosts may be connected to, others may not', async (t) => {
  t.same(await lookUp(['10.0.0.1'], undefined, ['10.0.0.1']), ['10.0.0.1']);
  t.ok((await lookUp(['10.0.0.2'], undefined, ['10.0.0.1'])) instanceof NonsenseError);
});

t.test('a name that cannot be resolved fails as it always did', async (t) => {
  const guarded = guardedLookup({ upstream: 'pypi.example', fileHosts: [] }, names({}));
  const error = await new Promise((done) => guarded('nowhere.example', {}, done));
  t.match(error, { code: 'ENOTFOUND' });
});

/** Something that listens on this machine, a client to whom `files.example` has its address, and who connected to it. */
async function openTrap(t: Test, upstreamAddress: string) {
  let connections = 0;
  const trap = createServer((socket) => {
    connections += 1;
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });
  trap.listen(0, '127.0.0.1');
  await once(trap, 'listening');
  const resolve = names({ 'files.example': ['127.0.0.1'], 'pypi.example': [upstreamAddress] });
  const lookup = guardedLookup({ upstream: 'pypi.example', fileHosts: ['files.example'] }, resolve);
  const dispatcher = new Agent({ connect: { lookup } });
  t.teardown(async () => {
    await dispatcher.destroy();
    trap.close();
  });
  const { signal } = new AbortController();
  const client = new HttpClient({ dispatcher, clock: new FakeClock(), signal, userAgent: () => 'tester/1' });
  const { port } = trap.address() as AddressInfo;
  const get = () => client.exchange({ url: new URL(`http://files.example:${port}/packages/x`), headers: {} });
  return { get, connections: () => connections };
}

t.test('a server on this machine never sees a connection', async (t) => {
  const { get, connections } = await openTrap(t, '151.101.0.223');
  await t.rejects(get(), NonsenseError);
  await t.rejects(get(), /has an address of this machine or network only/);
  t.equal(connections(), 0);
});

t.test('a mirror of an index on this machine connects to it', async (t) => {
  const { get, connections } = await openTrap(t, '127.0.0.1');
  t.match(await get(), { status: 200 });
  t.equal(connections(), 1);
});

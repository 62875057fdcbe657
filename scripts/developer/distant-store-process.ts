/**
 * A relay before the server on the port that its first argument names, which passes every answer on so many milliseconds
 * later as the second one says. It runs in a process of its own, and sends its address to its parent.
 */
import { type AddressInfo, connect, createServer } from 'node:net';

const [port, latencyMs] = process.argv.slice(2).map(Number) as [number, number];

const relay = createServer({ noDelay: true }, (client) => {
  const server = connect({ port, host: '127.0.0.1', noDelay: true });
  client.pipe(server);
  server.on('data', (bytes) => setTimeout(() => client.write(bytes), latencyMs));
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    one.on('error', () => other.destroy());
  }
  server.on('end', () => setTimeout(() => client.end(), latencyMs));
}).listen(0, '127.0.0.1', () => process.send?.(`http://127.0.0.1:${(relay.address() as AddressInfo).port}`));
process.on('disconnect', () => process.exit());

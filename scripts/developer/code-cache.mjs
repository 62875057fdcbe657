/** Makes V8's code cache of the programs: each runs once, and what was compiled meanwhile is written beside it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const recorder = fileURLToPath(new URL('record-code.cjs', import.meta.url));
const list = '{"meta":{"_last-serial":1,"api-version":"1.4"},"projects":[]}';

/** Makes the caches of the programs in the folder `dist` for `node`, in `caches`. They mirror an empty index. */
export async function makeCodeCaches(dist, node, caches) {
  async function record(program, ...args) {
    // The seed makes V8 write the same bytes each time. It is the one flag that a cache does not depend on.
    const all = ['--random-seed=1', '--require', recorder, join(dist, program), ...args];
    // Always pipes: Node compiles other files of its own for other streams, and a cache contains the number of its
    // file. For the same reason nothing else of the environment, where a proxy for the index may be named, too.
    const env = { PATH: process.env.PATH, CODE_CACHES: caches };
    const child = spawn(node, all, { stdio: ['ignore', 'pipe', 'pipe'], env });
    for (const stream of [child.stdout, child.stderr]) stream.pipe(process.stderr, { end: false });
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ended with ${code} while its code cache was made`);
  }

  const folder = mkdtempSync(join(tmpdir(), 'pep381client-cache-'));
  const server = createServer(({ url }, response) => {
    response.writeHead(url === '/simple/' ? 200 : 404, { 'content-type': 'application/vnd.pypi.simple.v1+json' });
    response.end(url === '/simple/' ? list : undefined);
  });
  try {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const target = join(folder, 'target');
    const index = `http://127.0.0.1:${server.address().port}`;
    const log = join(folder, 'access.log');
    writeFileSync(log, '');
    // The second run is the one that is usual: it finds nothing new.
    for (let time = 0; time < 2; time += 1) {
      await record('pep381run', '-q', '--upstream', index, target);
      await record('pep381checkfiles', '-q', target);
      await record('processlogs', '-q', target, log);
    }
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

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

/** Makes the caches of the programs in the folder `dist`. They mirror an empty index. */
export async function makeCodeCaches(dist) {
  const folder = mkdtempSync(join(tmpdir(), 'pep381client-cache-'));
  const server = createServer(({ url }, response) => {
    response.writeHead(url === '/simple/' ? 200 : 404, { 'content-type': 'application/vnd.pypi.simple.v1+json' });
    response.end(url === '/simple/' ? list : undefined);
  });
  try {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const target = join(folder, 'target');
    const index = `http://127.0.0.1:${server.address().port}`;
    // The second run is the one that is usual: it finds nothing new.
    for (let time = 0; time < 2; time += 1) await record(dist, 'pep381run', '-q', '--upstream', index, target);
    await record(dist, 'pep381checkfiles', '-q', target);
    writeFileSync(join(folder, 'access.log'), '');
    await record(dist, 'processlogs', '-q', target, join(folder, 'access.log'));
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function record(dist, program, ...args) {
  // The seed makes V8 write the same bytes each time. It is the one flag that a cache does not depend on.
  const node = ['--random-seed=1', '--require', recorder];
  const child = spawn(process.execPath, [...node, join(dist, program), ...args], { stdio: 'inherit' });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ended with ${code} while its code cache was made`);
}

import { fileURLToPath } from 'node:url';
import { list } from 'tar';

const folder = new URL('../../../../shared/fixtures/targets/', import.meta.url);

/** The files of a recorded target, by their paths in it: `web/simple/index.html`. */
export function unpackedTarget(name: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  list({
    file: fileURLToPath(new URL(`${name}.tar.gz`, folder)),
    sync: true,
    onReadEntry: (entry) => {
      const chunks: Buffer[] = [];
      entry.on('data', (chunk: Buffer) => chunks.push(chunk));
      entry.on('end', () => files.set(entry.path.replace(/^[^/]*\//, ''), Buffer.concat(chunks)));
    },
  });
  return files;
}

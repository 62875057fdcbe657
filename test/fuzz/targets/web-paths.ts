import { posix } from 'node:path';
import { blobPath, sidecarPath, urlPath, type WebPath } from '../../../src/core/paths.ts';
import { demand } from '../fuzz-target.ts';

/** Fails when the place of a file that `url` and `filename` name is not below `web/packages`, or has no URL of its own. */
export function demandInside(url: string, filename: string): void {
  if (!URL.canParse(url, 'https://index.example/simple/a/')) return;
  const blob = blobPath(new URL(url, 'https://index.example/simple/a/'), filename);
  for (const path of blob === undefined ? [] : [blob, sidecarPath(blob, 'metadata'), sidecarPath(blob, 'provenance')])
    demandInsideRoot(path);
}

function demandInsideRoot(path: WebPath): void {
  demand(posix.normalize(path) === path, 'a path is in its shortest form');
  demand(posix.resolve('/web', path).startsWith('/web/packages/'), 'a path stays below web/packages');
  demand(!/[\p{C}\\%]/u.test(path), 'a path has no control character, no backslash and no percent sign');
  demand(
    path.split('/').every((part) => part.length <= 255 && !/^[.-]/.test(part)),
    'no part is hidden or too long',
  );
  demand(decodeURIComponent(new URL(urlPath(path), 'http://x/').pathname) === `/${path}`, 'the URL names the path');
}

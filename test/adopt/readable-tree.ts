/**
 * What pip would stumble over in a tree that is half taken over, where pages of two programs lie side by side: less than
 * `readerProblems` asks for.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The problems of the tree of the target; none when each project has a page, and each link of a page its file. */
export function readable(target: string): string[] {
  const webs = [target, join(target, 'web')].filter((web) => existsSync(join(web, 'simple')));
  // While a tree is being moved its two halves lie apart for a moment.
  return webs.flatMap((web) => (existsSync(join(web, 'packages')) ? problemsOf(web, target) : []));
}

function problemsOf(web: string, target: string): string[] {
  const folders = readdirSync(join(web, 'simple'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name }) => {
    const page = join(web, 'simple', name, 'index.html');
    if (!existsSync(page)) return hasOtherSpelling(web, folders, name) ? [] : [`simple/${name} has no page`];
    const links = [...readFileSync(page, 'utf8').matchAll(/href="\.\.\/\.\.\/(packages\/[^"#]+)#(md5|sha256)=(\w+)"/g)];
    return links.flatMap(([, path = '', hash = '', hex]) => linkProblems([web, target], path, hash, hex));
  });
}

/** 1.5 did not normalize names: while the right folder is made, the old one has the page. */
function hasOtherSpelling(web: string, folders: readonly { readonly name: string }[], name: string): boolean {
  const spelled = folders.filter((folder) => folder.name !== name && normal(folder.name) === normal(name));
  return spelled.some((folder) => existsSync(join(web, 'simple', folder.name, 'index.html')));
}

function normal(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
}

function linkProblems(roots: readonly string[], path: string, hash: string, hex: string | undefined): string[] {
  const file = roots.map((root) => join(root, decodeURIComponent(path))).find((found) => existsSync(found));
  if (file === undefined || !statSync(file).isFile()) return [`${path} is missing`];
  return createHash(hash).update(readFileSync(file)).digest('hex') === hex ? [] : [`${path} is not what its page says`];
}

/** Resolves the path of a request as a web server does to find the file. */

/** Returns `requested` decoded, without its first slash, with `.` and `..` resolved and repeated slashes merged. */
export function resolvedPath(requested: string): string {
  const path = decoded(requested);
  if (!/\/[./]/.test(path)) return path.replace(/^\//, '');
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return path.endsWith('/') ? `${parts.join('/')}/` : parts.join('/');
}

function decoded(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Ends the CGI, which loads this before anything else, if this Node.js is too old for it. */
import { isOldNode, oldestNode } from './oldest-node.ts';

if (isOldNode) {
  process.stderr.write(
    `pep381sync.cgi: error: needs Node.js ${oldestNode} or later; this is ${process.versions.node}, ${process.execPath}\n`,
  );
  process.exit(2);
}

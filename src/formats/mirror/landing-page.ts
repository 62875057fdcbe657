/** `web/index.html`: the page for people who open the mirror's address in a browser. */
import { escapeHtml } from '../simple/simple-html.ts';

/**
 * Returns a page that says how to use the mirror, with links to its status. Without `baseUrl` readers must fill in the
 * address.
 */
export function renderLandingPage(upstream: string, baseUrl: string | undefined): string {
  const index = escapeHtml(`${baseUrl ?? 'https://THIS-HOST'}/simple/`);
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Mirror of ${escapeHtml(upstream)}</title>
  </head>
  <body>
    <h1>Mirror of ${escapeHtml(upstream)}</h1>
    <p>Install from it once:</p>
    <pre>pip install --index-url ${index} PROJECT</pre>
    <p>Or always:</p>
    <pre>pip config set global.index-url ${index}</pre>
    <ul>
      <li><a href="simple/">All projects</a></li>
      <li><a href="mirror-status.json">Status of the mirror</a></li>
      <li><a href="last-modified">Start of the last complete run (UTC)</a></li>
    </ul>
  </body>
</html>
`;
}

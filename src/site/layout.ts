/** The frame of all pages for people: the head, the navigation, and the footer. */
import { type Html, html } from './html.ts';
import { showTime } from './words.ts';

/**
 * The line that every file of the site has near its beginning. A file without it was put there by somebody, and is not
 * overwritten.
 */
export const madeHere = 'Made by pep381client, which leaves this file alone once this line is gone';

/** What the frame needs to know of a page. */
export interface PageFrame {
  /** The title, which is the heading of the page as well. */
  readonly title: string;
  readonly current: 'home' | 'status' | 'statistics' | 'other';
  /**
   * The way from the page to the root of the mirror: relative, or the path of an address for a page that is served at
   * other addresses than its own.
   */
  readonly root: '' | '../' | `/${string}`;
  /** Time in milliseconds as of which the page is right; undefined if it tells nothing that changes. */
  readonly asOf: number | undefined;
  /** A sentence for search results and readers of tabs. */
  readonly description: string;
}

/** Returns the document with `body`, which begins below the heading. */
export function renderPage(frame: PageFrame, body: Html): string {
  const { title, root, asOf, description } = frame;
  return `<!DOCTYPE html>\n${html`<!-- ${madeHere} -->
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${description}">
<title>${title}</title>
<link rel="stylesheet" href="${root}site.css">
<link rel="icon" href="${root}site.svg" type="image/svg+xml">
<script src="${root}site.js" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<nav aria-label="Site">
${navigation(frame)}
</nav>
</header>
<main id="content" tabindex="-1">
<h1>${title}</h1>
${body}
</main>
<footer>
<p>${asOf !== undefined && html`As of ${showTime(asOf)}<span class="age" data-since="${asOf}"></span>. `}Times are in UTC. Made by pep381client.</p>
</footer>
</body>
</html>
`}`;
}

function navigation({ current, root }: PageFrame): Html {
  const places = [
    { place: 'home', text: 'Home', path: root === '' ? './' : root },
    { place: 'status', text: 'Status', path: `${root}status/` },
    { place: 'statistics', text: 'Statistics', path: `${root}local-stats/` },
    { place: 'simple', text: 'Simple index', path: `${root}simple/` },
  ];
  const links = places.map(({ place, text, path }) =>
    place === current
      ? html`<li><a href="${path}" aria-current="page">${text}</a></li>`
      : html`<li><a href="${path}">${text}</a></li>`,
  );
  return html`<ul>${links}</ul>`;
}

/** A section of the status page. */
import { showCount } from '../../core/counts.ts';
import { type Html, type HtmlValue, html } from '../html.ts';

/** Returns a section with a heading that links can lead to. */
export function section(id: string, title: string, body: HtmlValue): Html {
  return html`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
<div class="panel">
${body}
</div>
</section>
`;
}

/** A column of a table: its heading, and what its cells are. */
export type Column = readonly [heading: string, kind?: 'number' | 'long'];

/**
 * Returns a table that readers can scroll sideways where it is too wide, with the keyboard as well. The first cell of a
 * row is its heading. `total` is the number of all rows, of which some may be left out.
 */
export function table(
  name: string,
  columns: readonly Column[],
  rows: readonly (readonly HtmlValue[])[],
  total = rows.length,
): Html {
  const heads = columns.map(
    ([heading, kind]) => html`<th scope="col"${kind === 'number' && html` class="number"`}>${heading}</th>`,
  );
  const lines = rows.map(
    ([first, ...cells]) =>
      html`<tr><th scope="row">${first}</th>${cells.map((cell, at) => html`<td${classOf(columns[at + 1])}>${cell}</td>`)}</tr>\n`,
  );
  return html`<div class="scroll" role="region" aria-label="Table: ${name}" tabindex="0"><table>
<thead><tr>${heads}</tr></thead>
<tbody>\n${lines}</tbody>
</table></div>
${total > rows.length && html`<p class="soft">and ${showCount(total - rows.length)} more</p>`}`;
}

function classOf(column: Column | undefined): Html | false {
  return column?.[1] !== undefined && html` class="${column[1]}"`;
}

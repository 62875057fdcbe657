/**
 * Markup that cannot be forged. Only the template tag makes it, and everything that is filled into a template is
 * escaped, unless it is markup itself. What comes from outside is text wherever it stands.
 */

/** What a template takes: text, which is escaped, markup, which is kept, or many of these. The rest leaves nothing. */
export type HtmlValue = string | number | Html | readonly HtmlValue[] | undefined | false;

/** A piece of an HTML or SVG document. */
export class Html {
  readonly #markup: string;

  /** Takes the parts of a template. Call {@link html} instead. */
  constructor(parts: TemplateStringsArray, values: readonly HtmlValue[]) {
    this.#markup = parts.map((part, at) => part + markupOf(values[at])).join('');
  }

  toString(): string {
    return this.#markup;
  }
}

/**
 * Makes markup of a template: ``html`<b>${name}</b>` ``. Values may stand between tags and in quoted attributes, and
 * nowhere else. A link must not begin with a value from outside: escaping does not make an address harmless.
 */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(parts, values);
}

function markupOf(value: HtmlValue): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'string' || typeof value === 'number') return escaped(String(value));
  return value.map(markupOf).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters, halves of characters, and what changes the direction of text: none may stand in a page. */
const unprintable = /(?![\t\n])[\p{Cc}\p{Cs}\p{Bidi_Control}\ufeff]/gu;

function escaped(text: string): string {
  return text.replace(unprintable, '\ufffd').replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

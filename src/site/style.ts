/** The style sheet of all pages, light and dark, from narrow screens to print. */
import { chartStyle } from './charts/chart-style.ts';
import { madeHere } from './layout.ts';
import { statisticsStyle } from './statistics/statistics-style.ts';

const colors = {
  light: `
    --page: #f6f7f8; --surface: #ffffff; --text: #1b2026; --soft: #57616c; --line: #d9dee3; --link: #0b57b0;
    --ok: #17693f; --ok-surface: #e6f4ec; --wait: #7a4e00; --wait-surface: #fdf3dc; --bad: #a81e16;
    --bad-surface: #fcebe9; --track: #e7eaee; --busy-surface: #e8f0fb;
    --series-1: #2463b0; --series-2: #b0531a; --series-3: #2f7d4f; --series-4: #8a4fa3; --series-5: #7d6b0f;
    --series-6: #5f6b78;`,
  dark: `
    --page: #12161a; --surface: #1a1f25; --text: #e5e9ed; --soft: #9ca8b4; --line: #2e363f; --link: #86b7ff;
    --ok: #6bd49d; --ok-surface: #14291e; --wait: #efc267; --wait-surface: #2b230f; --bad: #ff9d94;
    --bad-surface: #341917; --track: #2a313a; --busy-surface: #172436;
    --series-1: #79aef2; --series-2: #ed9a63; --series-3: #6fc794; --series-4: #cd97e3; --series-5: #d3bf55;
    --series-6: #a3afbb;`,
} as const;

/** The icon of all pages. */
export const siteIcon = `<!-- ${madeHere} -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="7" fill="#2463b0"/>
<path d="M9 9h14v4H9zM9 15h14v4H9zM9 21h9v3H9z" fill="#fff"/>
</svg>
`;

export const siteStyle = `/* ${madeHere}. */
:root { color-scheme: light dark; ${colors.light} }
@media (prefers-color-scheme: dark) { :root { ${colors.dark} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
}
header, main, footer { max-width: 70rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 0.9rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.4rem; margin: 0; padding: 0; list-style: none; }
nav a { display: inline-block; padding: 0.3rem 0; color: var(--soft); text-decoration: none; }
nav a:hover { color: var(--text); text-decoration: underline; }
nav a[aria-current] { color: var(--text); font-weight: 600; box-shadow: inset 0 -2px var(--series-1); }
main { padding-top: 0.6rem; padding-bottom: 1rem; }
main:focus { outline: none; }
footer { padding-top: 1rem; padding-bottom: 2rem; color: var(--soft); font-size: 0.9rem; }
a { color: var(--link); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: -100vw; top: 0; padding: 0.5rem 1rem; background: var(--surface); }
.skip:focus { left: 0; }
h1 { margin: 1rem 0 0.8rem; font-size: 1.7rem; line-height: 1.2; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 0.6rem; font-size: 1.15rem; line-height: 1.3; }
h3 { margin: 1.2rem 0 0.4rem; font-size: 1rem; }
p { margin: 0.5rem 0; max-width: 48rem; overflow-wrap: break-word; }
.soft { color: var(--soft); }
.small { font-size: 0.9rem; }
.number { font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; }
.panel { margin: 0.8rem 0; padding: 0.9rem 1.1rem; background: var(--surface); border: 1px solid var(--line); border-radius: 8px; }
.panel > :first-child { margin-top: 0; }
.panel > :last-child { margin-bottom: 0; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 0 1.2rem; align-items: start; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 9.2rem), 1fr)); gap: 0.7rem; margin: 0.8rem 0; padding: 0; }
.tiles > div { padding: 0.7rem 0.95rem; background: var(--surface); border: 1px solid var(--line); border-radius: 8px; }
.tiles dt { color: var(--soft); font-size: 0.9rem; }
.tiles dd { margin: 0; font-size: 1.35rem; line-height: 1.3; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.tiles dd.more { font-size: 0.88rem; color: var(--soft); }
.facts { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: 0.3rem 1.2rem; margin: 0.6rem 0; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.state { margin: 0.8rem 0; padding: 0.9rem 1.1rem; border: 1px solid; border-left-width: 6px; border-radius: 8px; }
.state p { color: var(--text); }
.state .verdict { margin: 0; font-size: 1.2rem; font-weight: 600; }
.state ul { margin: 0.6rem 0 0; padding-left: 1.2rem; color: var(--text); }
.state > :last-child { margin-bottom: 0; }
.state.busy { background: var(--busy-surface); border-color: var(--link); }
.state.busy .verdict { color: var(--link); }
.state.ok { background: var(--ok-surface); border-color: var(--ok); }
.state.wait { background: var(--wait-surface); border-color: var(--wait); }
.state.bad { background: var(--bad-surface); border-color: var(--bad); }
.state.ok .verdict { color: var(--ok); }
.state.wait .verdict { color: var(--wait); }
.state.bad .verdict { color: var(--bad); }
.ok-text { color: var(--ok); }
.wait-text { color: var(--wait); }
.bad-text { color: var(--bad); }
.scroll { overflow: auto; max-height: 27rem; margin: 0.6rem 0; }
table { border-collapse: collapse; width: 100%; font-size: 0.93rem; }
caption { padding-bottom: 0.3rem; text-align: left; color: var(--soft); }
th, td { padding: 0.35rem 0.9rem 0.35rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-weight: 600; white-space: nowrap; }
th.number, td.number { text-align: right; }
tbody tr:last-child > * { border-bottom: 0; }
td { white-space: nowrap; }
td.long { min-width: 18rem; white-space: normal; overflow-wrap: anywhere; }
pre, code { font-family: ui-monospace, SFMono-Regular, Menlo, "Liberation Mono", monospace; font-size: 0.92em; }
code { overflow-wrap: anywhere; }
pre { margin: 0.5rem 0; padding: 0.7rem 0.9rem; white-space: pre-wrap; background: var(--page); border: 1px solid var(--line); border-radius: 6px; line-height: 1.45; }
pre code { overflow-wrap: anywhere; font-size: inherit; }
form { margin: 0; }
form label { display: block; margin-bottom: 0.35rem; font-weight: 600; }
form .row { display: flex; flex-wrap: wrap; gap: 0.5rem; }
input[type="text"] { flex: 1 1 14rem; min-width: 0; max-width: 28rem; padding: 0.5rem 0.7rem; font: inherit; color: inherit; background: var(--page); border: 1px solid var(--soft); border-radius: 6px; }
button { padding: 0.5rem 1.1rem; font: inherit; font-weight: 600; color: var(--surface); background: var(--link); border: 1px solid var(--link); border-radius: 6px; cursor: pointer; }
.answer { min-height: 1.55em; }
details { margin: 0.6rem 0; }
summary { cursor: pointer; }
figure { margin: 0.6rem 0; }
figcaption { color: var(--soft); font-size: 0.9rem; }
svg { max-width: 100%; height: auto; }
.meter { height: 0.65rem; margin: 0.35rem 0; border-radius: 4px; overflow: hidden; background: var(--track); }
.meter svg { display: block; width: 100%; height: 100%; }
.used.ok { fill: var(--series-1); }
.used.wait { fill: var(--wait); }
.used.bad { fill: var(--bad); }
.stale { font-weight: 600; }
${chartStyle}${statisticsStyle}
@media (max-width: 30rem) {
  header, main, footer { padding-left: 0.9rem; padding-right: 0.9rem; }
  .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: 0.5rem; }
}
@media print {
  :root { ${colors.light} --page: #ffffff; }
  nav, form, .skip { display: none; }
  .panel, .tiles > div, .state { break-inside: avoid; }
  .scroll { max-height: none; overflow: visible; }
}
`;

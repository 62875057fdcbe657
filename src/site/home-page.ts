/** The page `/`: what this is, how old, how much, and how to use it. */
import { showCount } from '../core/counts.ts';
import { showBytes } from '../core/show-bytes.ts';
import { type Html, html } from './html.ts';
import { renderPage } from './layout.ts';
import type { SiteFacts } from './site-facts.ts';
import { hostOf, verdictOf } from './status/verdict.ts';
import { showDuration, showTime } from './words.ts';

/** In place of the address of this host where `base-url` is not set: readers, or the script, fill it in. */
const anyHost = 'https://THIS-HOST';

/** Returns the page. */
export function renderHomePage(facts: SiteFacts): string {
  const { settings, now, totals, completedAt, policy, isConfigKnown } = facts;
  const extent = isConfigKnown ? (policy === undefined ? '' : 'a part of ') : 'all or a part of ';
  const host = hostOf(settings.upstream);
  const { level, sentence } = verdictOf(facts);
  return renderPage(
    {
      title: `Mirror of ${host}`,
      current: 'home',
      root: '',
      asOf: now,
      description: `A mirror of ${host}, to install Python packages from`,
    },
    html`<p>This host has a copy of ${extent}<a href="${settings.upstream}">${host}</a>. Python packages can be installed from it as from there.</p>
<div class="state ${level}">
<p class="verdict">${sentence}</p>
<p><a href="status/">Status in detail</a></p>
</div>
<dl class="tiles">
<div><dt>Up to date as of</dt>${
      completedAt === undefined
        ? html`<dd>not yet</dd><dd class="more">the first run is not complete</dd>`
        : html`<dd>${now - completedAt < 60_000 ? 'just now' : `${showDuration(now - completedAt)} ago`}</dd><dd class="more">${showTime(completedAt)}</dd>`
    }</div>
<div><dt>Projects</dt><dd>${showCount(totals.projects)}</dd></div>
<div><dt>Files</dt><dd>${showCount(totals.files)}</dd></div>
<div><dt>Size</dt><dd>${showBytes(totals.bytes)}</dd></div>
</dl>
${findForm()}
${howTo(settings.baseUrl)}`,
  );
}

/** Returns the page for a project that is not here. `host` is the upstream's. */
export function renderNotFoundPage(facts: SiteFacts): string {
  const { settings, policy } = facts;
  const host = hostOf(settings.upstream);
  const root = rootPath(settings.baseUrl);
  return renderPage(
    {
      title: 'Not here',
      current: 'other',
      root,
      asOf: undefined,
      description: `A project that this mirror of ${host} does not have`,
    },
    html`<p>This mirror has no project of that name.</p>
<ul>
<li>Is the name right? Large and small letters, and <code>-</code>, <code>_</code> and <code>.</code> make no difference.</li>
<li>${policy === undefined ? html`What is new at ${host} is here after the next run: see the <a href="${root}status/">status</a>.` : html`This mirror has a part of ${host} only: see <a href="${root}status/#policy">what is mirrored</a>.`}</li>
</ul>
${findForm(root)}`,
  );
}

/** Returns the path of the root of the mirror: the web server answers with this page at any address below it. */
function rootPath(baseUrl: string | undefined): `/${string}` {
  const path = baseUrl === undefined ? '' : new URL(baseUrl).pathname.replace(/^\/+|\/+$/g, '');
  return path === '' ? '/' : `/${path}/`;
}

/** Returns the question for a project. The virtual host leads from `find` to the page of the project. */
function findForm(root = ''): Html {
  return html`<section aria-labelledby="find">
<h2 id="find">Is it here?</h2>
<div class="panel">
<form action="${root}find" method="get" data-find>
<label for="name">Name of a project</label>
<div class="row">
<input type="text" id="name" name="name" required maxlength="200" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="numpy">
<button type="submit">Look</button>
</div>
</form>
<p class="answer" data-answer role="status"></p>
</div>
</section>`;
}

/** Without an address the script fills it in, and adds what is needed if it is not one with https. */
function renderStep([text, code, trust = '']: Tool['steps'][number], baseUrl: string | undefined): Html {
  if (baseUrl !== undefined) {
    const { protocol, hostname } = new URL(baseUrl);
    const more = protocol === 'http:' && trust !== '' ? `${trust}${hostname}` : '';
    return html`<p>${text}</p>\n<pre><code>${code}${more}</code></pre>\n`;
  }
  const attribute = trust !== '' && html` data-trust="${trust}"`;
  return html`<p>${text}</p>\n<pre><code data-address${attribute}>${code}</code></pre>\n`;
}

interface Tool {
  readonly name: string;
  /** What has to be added before the name of a host that is not asked by https, behind each step. */
  readonly steps: readonly (readonly [text: string, code: string, trust?: string])[];
}

/** Returns settings for the usual tools, ready to be copied. */
function howTo(baseUrl: string | undefined): Html {
  const base = baseUrl ?? anyHost;
  const index = `${base}/simple/`;
  const tools: readonly Tool[] = [
    {
      name: 'pip',
      steps: [
        ['Always:', `pip config set global.index-url ${index}`, '\npip config set global.trusted-host '],
        ['Once:', `pip install PROJECT --index-url ${index}`, ' --trusted-host '],
      ],
    },
    {
      name: 'uv',
      steps: [
        ['In pyproject.toml:', `[[tool.uv.index]]\nname = "mirror"\nurl = "${index}"\ndefault = true`],
        ['Or in the environment:', `export UV_DEFAULT_INDEX=${index}`],
      ],
    },
    { name: 'Poetry', steps: [['In the project:', `poetry source add --priority=primary mirror ${index}`]] },
    { name: 'PDM', steps: [['Always:', `pdm config pypi.url ${index}`]] },
    { name: 'Pipenv', steps: [['In the environment:', `export PIPENV_PYPI_MIRROR=${index}`]] },
    {
      name: 'Dockerfile',
      steps: [['Before the first installation:', `ENV PIP_INDEX_URL=${index}\nENV UV_DEFAULT_INDEX=${index}`]],
    },
  ];
  const hint = baseUrl === undefined && html`<p data-address-hint>${anyHost} stands for the address of this host.</p>`;
  return html`<section aria-labelledby="use">
<h2 id="use">Install from here</h2>
${hint}
<div class="columns">
${tools.map(
  ({ name, steps }) => html`<div class="panel">
<h3>${name}</h3>
${steps.map((step) => renderStep(step, baseUrl))}</div>
`,
)}</div>
</section>`;
}

/** What of the index is here, as `mirror.toml` says, without the names of projects, other indexes and files. */
import { plural } from '../../core/counts.ts';
import type { Policy } from '../../policy/policy.ts';
import { type Html, html } from '../html.ts';
import type { SiteFacts, SiteSettings } from '../site-facts.ts';
import { section } from './section.ts';
import { hostOf } from './verdict.ts';

type Row = readonly [name: string, ...values: readonly string[]];

/** Returns the section about the policy. */
export function renderPolicy({ policy, isConfigKnown, settings, unsatisfied, rejectedFiles }: SiteFacts): Html {
  if (!isConfigKnown) {
    const text = 'The settings cannot be told at the moment, as the last run refused one of them.';
    return section('policy', 'What is mirrored', html`<p class="soft">${text}</p>`);
  }
  const rows: Row[] = [
    ['Mirror of', hostOf(settings.upstream)],
    ['Projects', ...projects(policy)],
    ['Releases', ...releases(policy)],
    ['Files', ...files(policy, settings)],
    ['Provenance', provenance(settings)],
    ['What upstream removes', removed(settings)],
  ];
  if (unsatisfied > 0) rows.push(['Asked for, not found', `${plural(unsatisfied, 'project')} or releases`]);
  if (rejectedFiles > 0) rows.push(['Rejected', `${plural(rejectedFiles, 'file')}, for what is wrong with each`]);
  const items = rows.map(
    ([name, ...values]) => html`<dt>${name}</dt>${values.map((value) => html`<dd>${value}</dd>`)}\n`,
  );
  return html`<section aria-labelledby="policy">
<h2 id="policy">What is mirrored</h2>
<div class="panel"><dl class="facts">${items}</dl></div>
</section>
`;
}

function projects(policy: Policy | undefined): string[] {
  if (policy === undefined) return ['all'];
  const { rules, otherwise, dependencies } = policy;
  const others = {
    files: 'held with their files',
    'pages-only': 'held as pages, whose files are at upstream',
    none: 'not held',
    local: 'not held',
  }[otherwise.value];
  return [
    rules.length === 0 ? `all ${others}` : `chosen by ${plural(rules.length, 'rule')}; all others ${others}`,
    ...(dependencies ? ['and all that these require'] : []),
  ];
}

function releases(policy: Policy | undefined): string[] {
  if (policy === undefined) return ['all'];
  const { noPrereleases, noYanked, keep, minAgeMs, maxAgeMs } = policy.releases;
  const limits = [keep?.because, noPrereleases, noYanked, minAgeMs?.because, maxAgeMs?.because];
  return orAll(limits.flatMap((because) => (because === undefined ? [] : [because.text])));
}

function files(policy: Policy | undefined, { indexOnly }: SiteSettings): string[] {
  if (indexOnly) return ['none: pages link to the files at upstream'];
  if (policy === undefined) return ['all'];
  const { kinds, sdists, wheelFilters, maxSize, maxProjectSize } = policy.files;
  const limits = [kinds, sdists, ...wheelFilters, maxSize, maxProjectSize];
  const texts = limits.flatMap((limit) => (limit === undefined ? [] : [limit.because.text]));
  const left = policy.unmirrored === 'upstream' ? ['for what is left out, pages link to upstream'] : [];
  return texts.length === 0 ? ['all'] : [...texts, ...left];
}

function orAll(texts: readonly string[]): string[] {
  return texts.length === 0 ? ['all'] : [...texts];
}

function provenance({ provenance, provenancePolicy }: SiteSettings): string {
  if (provenance === 'off') return 'not held';
  if (provenance === 'store') return 'held as upstream has it';
  const refused = {
    warn: '',
    'refuse-failed': '; files that fail are left out',
    require: '; files without proof are left out',
  };
  return `held and verified${refused[provenancePolicy]}`;
}

function removed({ keepRemoved, trashDays }: SiteSettings): string {
  const kept = keepRemoved ? 'leaves the index, and its files stay' : 'goes here as well';
  return `${kept}; the administrator can bring it back for ${plural(trashDays, 'day')}`;
}

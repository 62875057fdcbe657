/** Looks at the legacy JSON of a project, which is made of its page. */
import type { ProjectName } from '../core/names.ts';
import { legacyJsonFolder } from '../core/paths.ts';
import { asPublished, type SimplePage } from '../formats/simple/simple-json.ts';
import { legacyFilesOf, legacyStrays } from '../pages/publish-legacy-json.ts';
import { pageState } from '../state/mirror-state.ts';
import type { Finding } from './check-event.ts';
import type { Check } from './check-job.ts';
import { readOrFinding } from './read-or-finding.ts';

/** What is wrong with it, where the mirror serves it and no run is about to write it. */
export async function inspectLegacyJson(check: Check, project: ProjectName, page: SimplePage): Promise<Finding[]> {
  const { state, files } = check;
  const { legacyJson } = state.get(pageState);
  if (legacyJson === undefined || legacyJson.filledTo !== undefined) return [];
  const found = await readOrFinding(legacyJsonFolder(project), project, async () => {
    const findings: Finding[] = [];
    const made = await legacyFilesOf(files, project, page, page.files.map(asPublished), legacyJson.base);
    for (const [path, body] of made) {
      await check.yielder.yieldIfDue();
      const there = await files.read(path);
      if (there === undefined) findings.push({ kind: 'missing-page', path, project });
      else if (!there.equals(body))
        findings.push({ kind: 'bad-page', path, project, found: 'is not made of its page' });
    }
    for (const path of await legacyStrays(files, project, made)) {
      findings.push({ kind: 'bad-page', path, project, found: 'belongs to no release of its page' });
    }
    return findings;
  });
  return Array.isArray(found) ? found : [found];
}

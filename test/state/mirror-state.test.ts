import t from 'tap';
import { sections } from '../../src/state/mirror-state.ts';
import { change, join, section } from '../../src/state/state-section.ts';

/** What a state.db may have in its table `mirror`. */
const keys = `
  adopted adopting alarms all changelogDownSince changelogRetryAt changesDue changesListed changesTold check checkSums
  checkedShare completedAt copy copyDue damagedShares deletionsAllowedAt downloads endless feed feedRetryAt fileBase hooksFailSince keepsRemoved lastCheck
  lastLogs lastRun legacyJson listEtag listSha256 missing missingRetryAt moving outage pageForm pages pausedAt policy
  policyUnsettled prefetch progressAt reconciledAt removalsListed restored rootIndex rootIndexDue rootPieces runSums running scope
  serial serialAskedAt serialMovedAt storage succeededAt sweptAt toldRoot unmet unmetLines unread upstream upstreamSnapshot
  waitingToldAt wantsOf`;

t.test('every key of the state is in one section, and none is in two', async (t) => {
  const found = Object.values(sections).flatMap(({ keys }): readonly string[] => keys);
  t.same(found.sort(), keys.trim().split(/\s+/).sort());
});

t.test('changes of several sections are one', async (t) => {
  const one = section<{ a?: number; b?: string }>({ a: true, b: true });
  const other = section<{ c?: number | undefined }>({ c: true });
  t.same(one.keys, ['a', 'b']);
  t.same(join(change(one, { a: 1 }), change(other, { c: undefined })).values, { a: 1, c: undefined });
});

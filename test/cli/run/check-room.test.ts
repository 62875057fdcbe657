/** A partial mirror that lost its rules does not fetch all of upstream without a confirmation. */
import t, { type Test } from 'tap';
import { expectSpace } from '../../../src/cli/run/check-room.ts';
import { openTarget } from '../../../src/cli/target/target.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { openMirrorAt, openTestMirror, type RunOptions, type TestMirror } from '../../fixtures/test-mirror.ts';

async function openHuge(t: Test): Promise<TestMirror> {
  const mirror = await openTestMirror(t);
  const body = JSON.stringify({ total_packages_size: 100e12 });
  mirror.server.faults.add({ do: 'body', body, contentType: 'application/json', match: /\/stats\/?$/ });
  return mirror;
}

/** What a run with these rules and settings would be asked; undefined for nothing. */
async function question({ target, server, clock }: TestMirror, options: RunOptions, all = false): Promise<unknown> {
  const { mirror, close } = openMirrorAt(target, server.url, clock, options);
  try {
    return await expectSpace(openTarget(target), mirror, all);
  } catch (error) {
    return error instanceof Error ? error.message : error;
  } finally {
    await close();
  }
}

const alphaOnly: Policy = policyFrom('projects = ["alpha"]');
const lost =
  /has 91 TiB of files, and .* has room for .*; the last run had rules that [^\n]+mirror\.toml has no more; write/;

for (const [what, options] of [
  ['rules', { policy: alphaOnly }],
  ['pages alone', { settings: { indexOnly: true } }],
] as const) {
  t.test(`a mirror of ${what} whose mirror.toml is lost does not begin to fetch everything`, async (t) => {
    const mirror = await openHuge(t);
    await mirror.run(options);
    t.equal(await question(mirror, options), undefined, 'while they are there');
    t.match(await question(mirror, {}), lost);
    t.match(await question(mirror, {}), lost, 'in each run');
    t.equal(await question(mirror, { settings: { projects: [] } }), undefined, 'who names projects has chosen');
    t.equal(await question(mirror, {}, true), undefined, 'nor who says that all is meant');
    t.equal(await question(mirror, {}), undefined);
  });
}

t.test('a full mirror that has become larger than the disk goes on without a question', async (t) => {
  const mirror = await openHuge(t);
  await mirror.run();
  t.equal(await question(mirror, {}), undefined);
});

t.test('rules that only name other indexes are no choice of projects', async (t) => {
  const mirror = await openHuge(t);
  const elsewhere = { policy: policyFrom('[[rule]]\nprojects = ["acme-*"]\nhold = "local"') };
  t.match(await question(mirror, elsewhere), /has 91 TiB of files/);
  await mirror.run(elsewhere);
  t.equal(await question(mirror, elsewhere), undefined, 'and is asked at first only');
  await mirror.run({ policy: alphaOnly });
  t.match(await question(mirror, elsewhere), lost);
  const keeping = { policy: policyFrom('[releases]\nkeep = 1\n[[rule]]\nprojects = ["acme-*"]\nhold = "local"') };
  t.equal(await question(mirror, keeping), undefined);
});

t.test('an index that does not say how large it is is mirrored', async (t) => {
  const mirror = await openHuge(t);
  t.match(await question(mirror, {}), /has 91 TiB of files/);
  const answers = ['', '[]', 'null', '<html>', '{"total_packages_size": "much"}', '{"total_packages_size": -1}', '{}'];
  for (const body of answers) {
    mirror.server.faults.clear();
    mirror.server.faults.add({ do: 'body', body, contentType: 'application/json', match: /\/stats\/?$/ });
    t.equal(await question(mirror, {}), undefined, JSON.stringify(body));
  }
  mirror.server.faults.clear();
  mirror.server.faults.add({ do: 'status', status: 404, match: /\/stats\/?$/ });
  t.equal(await question(mirror, {}), undefined, '404');
});

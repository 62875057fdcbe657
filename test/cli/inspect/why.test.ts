import { rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t from 'tap';
import type { Reader } from '../../../src/cli/inspect/open-reader.ts';
import { statusOf } from '../../../src/cli/inspect/status.ts';
import { explain, minProjectsForNotice, parseSubject } from '../../../src/cli/inspect/why.ts';
import { UsageError } from '../../../src/core/errors.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { openTestMirror } from '../../fixtures/test-mirror.ts';
import { makeWheel } from '../../sample/distributions.ts';
import { sampleIndex } from '../../sample/sample-projects.ts';
import { tangledIndex } from '../../sample/tangled-index.ts';
import { ask, withReader } from './opened-reader.ts';

const dayMs = 86_400_000;

const partial = policyFrom(`projects = ["sample-app", "sample-pre", "sample-platform"]
dependencies = true
[[rule]]
projects = ["sample-archived"]
hold = "pages-only"
[[rule]]
projects = ["sample-large"]
hold = "none"
[releases]
keep = 1
[files]
systems = ["linux"]
sdists = "no"
`);

t.test('of a partial mirror', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  await mirror.run({ policy: partial });

  await t.test(
    '--why names for each file of a partial mirror the rule that holds or excludes it, and its line',
    async (t) => {
      const app = await ask(mirror, partial, 'Sample_App');
      t.same(app.files, ['held | sample_app-1.0-py3-none-any.whl | mirror.toml:1 | sample-app']);
      t.match(app.why, { known: true, published: true, status: 'active', policy: { hold: 'files', wants: [] } });
      t.ok(app.found);

      const pre = await ask(mirror, partial, 'sample-pre');
      t.same(pre.files.slice(0, 2), [
        'left out | sample_pre-1.0-py3-none-any.whl | mirror.toml:10 | keep = 1 | 4th newest of 4 releases',
        'left out | sample_pre-1.0.tar.gz | mirror.toml:13 | sdists = "no"',
      ]);
      t.equal(pre.files.filter((file) => file.startsWith('held')).length, 1);

      const platform = await ask(mirror, partial, 'sample-platform');
      const windows = platform.files.filter((file) => file.includes('win_amd64'));
      t.match(windows, [/^left out .* mirror\.toml:12 \| systems = \["linux"\] \| does not fit$/]);
      t.equal(platform.files.filter((file) => file.startsWith('held')).length, 3);
      t.match(platform.text[3], /^ {2}files {3}6 files: 3 held \(\d\.\d KiB\), 3 left out \(\d\.\d KiB\)$/);

      const base = await ask(mirror, partial, 'sample-base');
      t.equal(base.text[1], '  policy  held: mirror.toml:1 (dependency of sample-app 1.0)');
      t.same(base.files.slice(-2), [
        'held | sample_base-1.10-py3-none-any.whl | mirror.toml:1 | dependency of sample-app 1.0',
        'left out | sample_base-1.10.tar.gz | mirror.toml:13 | sdists = "no"',
      ]);
      t.match(base.files[0], /\| dependency of sample-app 1.0 \| 1.0 is not wanted$/);
    },
  );

  await t.test(
    '--why tells pages without files, excluded projects and projects that no rule names apart',
    async (t) => {
      const archived = await ask(mirror, partial, 'sample-archived');
      t.equal(archived.text[1], '  policy  pages only: mirror.toml:5 (hold = "pages-only"): sample-archived');
      t.match(archived.text[2], /^ {2}here {4}published, serial \d+, archived$/);
      t.ok(archived.files.length > 0 && archived.files.every((file) => file.startsWith('left out')));
      t.ok(archived.found);

      const large = await ask(mirror, partial, 'sample-large');
      t.same(large.text, [
        'sample-large',
        '  policy  left out: mirror.toml:8 (hold = "none"): sample-large',
        '  here    nothing is known of it yet, and the policy does not let it be held',
      ]);
      t.notOk(large.found);

      const unknown = await ask(mirror, partial, 'nobody-knows');
      t.equal(unknown.text[1], '  policy  left out: mirror.toml:1 (no rule names the project)');
      t.notOk(unknown.found);
      t.notOk(unknown.why.known);
    },
  );

  await t.test('the whole explanation is a JSON document', async (t) => {
    const { why } = await ask(mirror, partial, 'sample-app');
    t.match(JSON.parse(JSON.stringify(why)), {
      project: 'sample-app',
      known: true,
      policy: { hold: 'files', because: { where: 'mirror.toml:1', text: 'sample-app' } },
      files: [{ filename: 'sample_app-1.0-py3-none-any.whl', state: 'held', size: Number }],
    });
  });

  // The last one, as it changes the state.
  await t.test('--why says beforehand that resolving requirements takes a while', async (t) => {
    const db = new Database(join(mirror.target, 'state.db'));
    db.exec(`UPDATE totals SET projects = ${minProjectsForNotice}`);
    const said = async (): Promise<string[]> => {
      const notices: string[] = [];
      const look = (reader: Reader) => explain(reader, parseSubject('sample-base'), (line) => notices.push(line));
      t.match(await withReader(mirror, partial, look), {
        policy: { because: { text: 'dependency of sample-app 1.0' } },
      });
      return notices;
    };
    t.same(await said(), []);
    db.exec(`DELETE FROM mirror WHERE key = 'wantsOf'`);
    t.match(await said(), [/^mirror\.toml or the mirror changed since the last complete run: /]);
    db.exec('UPDATE totals SET projects = 10');
    t.same(await said(), []);
    db.close();
  });
});

t.test('of a mirror without a policy', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  await mirror.run();

  await t.test('without a policy everything is held, even a project that is not known yet', async (t) => {
    const base = await ask(mirror, undefined, 'sample-base');
    t.equal(base.files.length, 6);
    t.equal(base.files[0], 'held | sample_base-1.0-py3-none-any.whl | everything is held');
    const unknown = await ask(mirror, undefined, 'nobody-knows');
    t.equal(unknown.text[2], '  here    nothing is known of it yet, and the policy lets it be held');
    t.notOk(unknown.found);
    const quarantined = await ask(mirror, undefined, 'sample-quarantined');
    t.notOk(quarantined.files.some((file) => file.startsWith('wanted')));
  });

  await t.test('one version in any spelling, or one file, can be asked for', async (t) => {
    const version = await ask(mirror, undefined, 'sample-platform==1.5');
    t.equal(version.files.length, 6);
    t.match(version.text[3], /^ {2}files {3}6 files of version 1\.5: 6 held/);
    const file = await ask(mirror, undefined, 'sample-platform/sample_platform-1.5.0.tar.gz');
    t.same(file.files, ['held | sample_platform-1.5.0.tar.gz | everything is held']);
    t.ok(version.found && file.found);
    for (const text of ['sample-platform==9', 'sample-platform/sample_platform-9.tar.gz']) {
      const none = await ask(mirror, undefined, text);
      t.same(none.files, []);
      t.notOk(none.found, text);
      t.match(none.text.at(-1), "on upstream's page as it is known here");
    }
  });
});

t.test('an age that excludes a file is shown with the day on which that changes', async (t) => {
  const mirror = await openTestMirror(t);
  const policy = policyFrom('[releases]\nmin-age = "5000d"');
  await mirror.run({ policy });
  const { files, why, text } = await ask(mirror, policy, 'alpha');
  t.match(files[0], /^left out \| alpha-1\.0.* \| mirror\.toml:2 \| min-age = "5000d" \| /);
  const { nextChange = '' } = why.policy;
  t.ok(Date.parse(nextChange) > mirror.clock.now());
  t.equal(text[2], `          by age alone this changes ${nextChange.slice(0, 16)}Z`);
  mirror.clock.advance(Date.parse(nextChange) - mirror.clock.now() + dayMs);
  t.match((await ask(mirror, policy, 'alpha')).files[0], /^wanted /);
});

t.test('under a new policy --why says what the next run will fetch and remove', async (t) => {
  const mirror = await openTestMirror(t, { index: sampleIndex() });
  await mirror.run({ policy: policyFrom('projects = ["sample-base>=1.9"]') });
  mirror.server.requests.length = 0;
  const { files } = await ask(mirror, policyFrom('projects = ["sample-base<1.10"]'), 'sample-base');
  t.same(
    files.map((file) => file.split(' | ').slice(0, 2).join(' ')),
    [
      'wanted sample_base-1.0-py3-none-any.whl',
      'wanted sample_base-1.0.tar.gz',
      'held sample_base-1.9-py3-none-any.whl',
      'held sample_base-1.9.tar.gz',
      'to be removed sample_base-1.10-py3-none-any.whl',
      'to be removed sample_base-1.10.tar.gz',
    ],
  );
  t.same(mirror.requested(), [], 'upstream is not asked');
});

t.test('a parked project is shown with the reason, the time it waits and its next try', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.server.faults.add({ do: 'status', status: 500, match: /simple\/alpha\/$/ });
  mirror.index.publish(makeWheel({ name: 'alpha', version: '2.0' }));
  await mirror.runLater();
  const { why, text, files } = await ask(mirror, undefined, 'alpha');
  t.match(why.queue, { attempts: 1, removed: false, serial: mirror.index.serial, reason: / 500/ });
  t.ok(Date.parse(why.queue?.nextTry ?? '') > mirror.clock.now());
  t.match(text[3], /^ {2}queue {3}waits since \d{4}-\d\d-\d\dT\d\d:\d\dZ, for serial \d+$/);
  t.match(text[4], /^ {2}parked {2}1 try in vain, the next not before \S+Z: .* 500/);
  t.equal(files.length, 2, 'the page as it is known');
});

t.test('a project that the policy names and upstream does not have is shown as missing', async (t) => {
  const mirror = await openTestMirror(t);
  const policy = policyFrom('projects = ["alpha", "nothing-there"]');
  await mirror.run({ policy });
  t.match((await ask(mirror, policy, 'nothing-there')).text[2], '  here    not published yet');
  await mirror.runLater({ policy });
  await mirror.runLater({ policy });
  const gone = await ask(mirror, policy, 'nothing-there');
  t.equal(gone.text[2], '  here    nothing: upstream does not have it');
  t.ok(gone.why.missing && gone.found);
});

t.test('an index-only mirror shows its files as linked', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run({ settings: { indexOnly: true } });
  const { files } = await ask(mirror, undefined, 'beta', { indexOnly: true });
  t.same(files, ['linked | beta-1.0-py3-none-any.whl | everything is held']);
});

t.test("held files are shown even if upstream's page is not cached", async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  rmSync(join(mirror.web, 'simple', 'beta'), { recursive: true });
  const { files, text, found } = await ask(mirror, undefined, 'beta');
  t.same(files, ['held | beta-1.0-py3-none-any.whl']);
  t.match(
    text[3],
    /^ {2}files {3}1 file: 1 held \(\d+ B\); upstream's page is not known here, the next run asks for it$/,
  );
  t.ok(found);
});

t.test(
  'requirements are shown as the last run left them, and are resolved anew if they may have changed',
  async (t) => {
    const index = tangledIndex(7, 12, new FakeClock().now());
    const mirror = await openTestMirror(t, { index });
    const toml =
      'dependencies = true\nprojects = ["tangled-01", "tangled-07[more]", "tangled-04>=2"]\n[releases]\nkeep = 1';
    await mirror.run({ policy: policyFrom(toml) });
    const told = async (policy: Policy) => {
      const answers = [];
      for (const { name } of index.projects()) answers.push(await ask(mirror, policy, name));
      return answers.map(({ why, text }) => ({ why, text }));
    };
    const change = (sql: string): void => {
      const db = new Database(join(mirror.target, 'state.db'));
      db.exec(sql);
      db.close();
    };
    const remembered = await told(policyFrom(toml));
    t.match(JSON.stringify(remembered), /dependency of tangled/);
    change(`DELETE FROM mirror WHERE key = 'wantsOf'`);
    t.same(await told(policyFrom(toml)), remembered);
    await mirror.run({ policy: policyFrom(toml) });
    change(`UPDATE wants SET wants = replace(wants, 'dependency of', 'kept for')`);
    t.match(JSON.stringify(await told(policyFrom(toml))), /kept for tangled/, 'it is looked up');
    const moved = policyFrom(`# a comment\n${toml}`);
    const anew = JSON.stringify(await told(moved));
    t.notMatch(anew, /kept for/, 'but not by rules that are other ones, or elsewhere');
    t.match(anew, /mirror\.toml:3","text":"dependency of/);
    await mirror.run({ policy: moved });
    t.equal(JSON.stringify(await told(moved)), anew, 'the next run remembers these');
  },
);

t.test('the problem of a rejected file is shown, with the name by which --why finds it', async (t) => {
  const mirror = await openTestMirror(t);
  await mirror.run();
  mirror.index.addRole('alpha', 'x');
  mirror.alterPage('alpha', (page) => ({
    ...page,
    files: [
      { ...page.files[0], filename: 'a/\u202e\x01#.zip' },
      ...page.files.map((file, at) => (at === 0 ? { ...file, url: 'https://evil.invalid/x' } : file)),
    ],
  }));
  await mirror.runLater();
  const { files } = await ask(mirror, undefined, 'alpha');
  t.match(files.filter((file) => file.startsWith('held')).length, 2, 'what is held stays so');
  t.match(
    files.filter((file) => / \| found /.test(file)),
    [
      /^held \| alpha-1\.0\S+ \| files from https:\/\/evil\.invalid are not allowed .* \| found \S+Z, 1 time; not tried again before \S+Z$/,
      /^left out \| a\\u\{2f\}\\u\{202e\}\\u0001#\.zip \| its name has the character \/ \(U\+002F\) \| found \S+Z$/,
    ],
  );
  const one = await ask(mirror, undefined, 'alpha/a\\u{2f}\\u{202e}\\u0001#.zip');
  t.ok(one.found);
  t.equal(one.files.length, 1);
  t.match(await withReader(mirror, undefined, statusOf), {
    oddFiles: 2,
    latestOdd: [{ project: 'alpha' }, { project: 'alpha' }],
  });
});

t.test('an invalid subject is refused', async (t) => {
  t.same(parseSubject('Foo.Bar == 1.0'), { name: 'foo-bar', version: '1.0', filename: undefined });
  for (const text of ['../x', 'a==', 'a/', 'a/b/c', '==1', 'a>=1', '-']) {
    t.throws(() => parseSubject(text), UsageError, text);
  }
});

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { restoreProject } from '../../../src/adopt/restore-project.ts';
import { renderStatus } from '../../../src/cli/inspect/render-status.ts';
import { statusOf } from '../../../src/cli/inspect/status.ts';
import { sha256Hex } from '../../../src/core/hash.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { ask, withReader } from '../../cli/inspect/opened-reader.ts';
import { policyFrom } from '../../fixtures/policy-from.ts';
import { smallIndex } from '../../fixtures/small-index.ts';
import { named, openMirrorAt, openTestMirror, type RunOptions, type TestMirror } from '../../fixtures/test-mirror.ts';
import { makeSdist, makeWheel } from '../../sample/distributions.ts';
import { SampleIndex } from '../../sample/sample-index.ts';
import { openSampleServer, type SampleServer } from '../../sample/sample-server.ts';

/** The wheel of a project, whose bytes tell whose it is. */
const wheel = (name: string, version: string, whose: string, requires: string[] = []) =>
  makeWheel({ name, version, requires, files: { [`${name.replaceAll('-', '_')}/whose.py`]: `# ${whose}` } });

/** Our own projects `acme-core` and `acme-tools`, which requires the public `alpha`. */
function ownIndex(): SampleIndex {
  const index = new SampleIndex();
  index.publish(wheel('acme-core', '1.0', 'ours'));
  index.publish(makeSdist({ name: 'acme-core', version: '1.0' }));
  index.publish(wheel('acme-tools', '2.0', 'ours', ['alpha', 'acme-core']));
  return index;
}

/** The public index, where a stranger has the name of one of our projects. */
function publicIndex(): SampleIndex {
  const index = smallIndex();
  index.publish(wheel('acme-core', '1.0', 'a stranger'));
  index.publish(wheel('acme-core', '99.0', 'a stranger'));
  index.publish(wheel('acme-squat', '1.0', 'a stranger'));
  return index;
}

interface Opened {
  readonly mirror: TestMirror;
  readonly own: SampleServer;
  /** What a rule says that names our index. */
  readonly source: string;
  run(policy: Policy, options?: RunOptions): ReturnType<TestMirror['run']>;
}

async function open(t: Test, htmlOnly = false): Promise<Opened> {
  const mirror = await openTestMirror(t, { index: publicIndex() });
  const own = await openSampleServer({ index: ownIndex(), htmlOnly });
  own.now = () => mirror.clock.now();
  t.teardown(() => own.close());
  const run: Opened['run'] = (policy, options = {}) => {
    own.requests.length = 0;
    return mirror.runLater({ ...options, policy });
  };
  return { mirror, own, source: `upstream = "${own.url}/simple/"`, run };
}

const names = (mirror: TestMirror): string[] => mirror.page().projects.map(({ name }) => name);
const asked = ({ requests }: SampleServer): string[] => requests.map(({ path, rpc }) => rpc ?? path);
const askedFor = (server: SampleServer, text: string): string[] => asked(server).filter((path) => path.includes(text));

t.test('projects of another index are mirrored beside those of the upstream, each from its own index', async (t) => {
  const { mirror, own, source, run } = await open(t);
  const policy = policyFrom(`[[rule]]\nprojects = ["acme-*"]\n${source}`);
  await run(policy);
  t.same(names(mirror), ['acme-core', 'acme-tools', 'alpha', 'beta', 'gamma'], "and no stranger's acme-squat");
  t.same(mirror.page('acme-core').versions, ['1.0']);
  t.equal(mirror.page('acme-core').files.length, 2);
  for (const { url } of mirror.page('acme-core').files) t.match(url, /^\.\.\/\.\.\/packages\//);
  t.same(mirror.problems(), []);
  t.same(askedFor(mirror.server, 'acme'), [], 'nothing of ours is asked for at the upstream');
  t.same(askedFor(own, 'alpha'), []);
  t.same(
    asked(own).filter((path) => !path.startsWith('/packages/')),
    ['/simple/', '/simple/acme-core/', '/simple/acme-tools/'],
  );
  const entry = mirror.page('acme-core').files[0];
  t.ok(
    entry &&
      own.index.find('acme-core')?.files.get(entry.filename)?.sha256 === entry.url.split('/').slice(3, 6).join(''),
  );

  // A stranger's news count for nothing, and ours are seen.
  mirror.index.publish(wheel('acme-core', '100.0', 'a stranger'));
  own.index.publish(wheel('acme-core', '1.1', 'ours'));
  await run(policy);
  t.same(mirror.page('acme-core').versions, ['1.0', '1.1']);
  t.same(mirror.requested(), ['changelog_since_serial']);
  await run(policy);
  t.match(
    mirror.eventsOf('project-done').map(({ outcome }) => outcome),
    ['unchanged', 'unchanged'],
  );
});

t.test('projects that are named one by one need no list', async (t) => {
  const { mirror, own, source, run } = await open(t);
  const policy = policyFrom(
    `projects = ["beta"]\ndependencies = true\n[[rule]]\nprojects = ["acme-tools", "acme-core"]\n${source}`,
  );
  await run(policy);
  t.same(names(mirror), ['acme-core', 'acme-tools', 'alpha', 'beta'], 'with what ours require of the upstream');
  t.notOk(asked(own).includes('/simple/'));
  t.notOk(mirror.requested().includes('/simple/'));
});

t.test('a requirement on a project of another index gets the project of that index', async (t) => {
  const { mirror, source, run } = await open(t);
  mirror.index.publish(wheel('beta', '2.0', 'public', ['acme-core>=1']));
  const policy = policyFrom(`projects = ["beta"]\ndependencies = true\n[[rule]]\nprojects = ["acme-*"]\n${source}`);
  await run(policy);
  t.same(mirror.page('acme-core').versions, ['1.0']);
  t.same(askedFor(mirror.server, 'acme'), []);
});

t.test('the first rule that names a project decides', async (t) => {
  const { mirror, own, source, run } = await open(t);
  await run(policyFrom(`[[rule]]\nprojects = ["acme-squat"]\n[[rule]]\nprojects = ["acme-*"]\n${source}`));
  t.same(names(mirror), ['acme-core', 'acme-squat', 'acme-tools']);
  t.same(askedFor(own, 'squat'), []);
});

t.test('a project that a rule moves to another index is replaced by the project of that index', async (t) => {
  const { mirror, own, source, run } = await open(t);
  await mirror.runLater();
  t.same(mirror.page('acme-core').versions, ['1.0', '99.0']);
  const ours = policyFrom(`[[rule]]\nprojects = ["acme-*"]\n${source}`);
  await run(ours);
  t.same(mirror.page('acme-core').versions, ['1.0']);
  t.notMatch(names(mirror), ['acme-squat']);
  t.same(mirror.problems(), []);
  t.match(mirror.warnings(), [
    `acme-core: comes from ${own.url}/simple now; what was held from ${mirror.server.url} is replaced`,
  ]);
  t.same(askedFor(mirror.server, 'acme'), []);
  t.same(mirror.parkings(), []);
  await run(ours);
  t.same(mirror.warnings(), [], 'told once');
  // And back.
  await mirror.runLater();
  t.same(mirror.page('acme-core').versions, ['1.0', '99.0']);
  t.same(names(mirror).includes('acme-squat'), true);
  t.same(names(mirror).includes('acme-tools'), false, 'which the upstream does not have');
  t.same(mirror.problems(), []);
});

t.test('an index that does not answer costs its own projects only', async (t) => {
  const { mirror, own, source, run } = await open(t);
  const policy = policyFrom(`[[rule]]\nprojects = ["acme-core", "acme-tools"]\n${source}`);
  await run(policy);
  await own.close();
  mirror.index.publish(wheel('beta', '3.0', 'public'));
  await run(policy);
  t.same(mirror.page('beta').versions, ['1.0', '3.0']);
  t.same(
    names(mirror).filter((name) => /acme-[ct]/.test(name)),
    ['acme-core', 'acme-tools'],
  );
  t.equal(mirror.parkings().length, 2);
});

t.test('a project that the other index has no more is removed', async (t) => {
  const { mirror, own, source, run } = await open(t);
  const policy = policyFrom(`[[rule]]\nprojects = ["acme-*"]\n${source}`);
  await run(policy);
  own.index.removeProject('acme-tools');
  await run(policy);
  t.same(names(mirror), ['acme-core', 'alpha', 'beta', 'gamma']);
  own.faults.add({
    do: 'body',
    body: '{"meta":{"api-version":"1.0"},"projects":[]}',
    contentType: 'application/vnd.pypi.simple.v1+json',
    match: /simple\/$/,
  });
  await t.rejects(run(policy), { message: /the list is empty/ });
  t.same(names(mirror), ['acme-core', 'alpha', 'beta', 'gamma']);
});

t.test('an index that knows HTML only', async (t) => {
  const { mirror, own, source, run } = await open(t, true);
  const policy = policyFrom(`[[rule]]\nprojects = ["acme-*"]\n${source}`);
  own.index.yank('acme-core', '1.0', 'no good');
  await run(policy);
  t.same(names(mirror), ['acme-core', 'acme-tools', 'alpha', 'beta', 'gamma']);
  t.same(mirror.filenames('acme-core').length, 2);
  const [entry] = mirror.page('acme-core').files;
  t.equal(entry?.yanked, 'no good');
  t.same(mirror.problems(), []);
  await run(policy);
  t.same(
    mirror.eventsOf('project-done').map(({ outcome }) => outcome),
    ['unchanged', 'unchanged'],
  );
  // A login page in the place of a project's must not empty it.
  const html = '<html><head><title>Sign in</title></head><body><a href="/login">Sign in</a></body></html>';
  own.faults.add({ do: 'body', body: html, contentType: 'text/html', match: /simple/ });
  await t.rejects(run(policy), { message: /is it a login page/ });
  t.same(mirror.filenames('acme-core').length, 2);
  t.equal(mirror.parkings().length, 2);
});

t.test('an index without ETags, with addresses of its own and files without hashes', async (t) => {
  const { mirror, own, run } = await open(t);
  const file = makeWheel({ name: 'acme-core', version: '1.0' });
  const site = createServer((request, response) => {
    requests.push(request.url ?? '');
    if (request.url === '/pypi/private/acme-core/') {
      response.setHeader('Content-Type', 'text/html');
      response.end(
        `<a href="../../files/7/${file.filename}#sha256=${sha256Hex(file.content)}">x</a><a href="acme-core-2.0.tar.gz">y</a>`,
      );
    } else if (request.url === `/pypi/files/7/${file.filename}`) response.end(file.content);
    else response.writeHead(404).end();
  });
  const requests: string[] = [];
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  t.teardown(() => site.close().closeAllConnections());
  const address = `http://127.0.0.1:${(site.address() as AddressInfo).port}/pypi/private/`;
  const policy = policyFrom(`[[rule]]\nprojects = ["acme-core"]\nupstream = "${address}"`);
  await run(policy);
  t.same(mirror.filenames('acme-core'), [file.filename]);
  t.same(mirror.problems(), []);
  t.match(
    mirror.remembered((state) => state.rejectedFiles.of(named('acme-core')[0] ?? fail())),
    [{ problem: /no sha256/ }],
  );
  requests.length = 0;
  await run(policy);
  t.same(requests, ['/pypi/private/acme-core/']);
  t.same(
    mirror.eventsOf('project-done').map(({ outcome }) => outcome),
    ['unchanged'],
  );
  t.same(asked(own), []);
});

t.test('a page may not lead to the files of another index', async (t) => {
  const { mirror, own, source, run } = await open(t);
  const [stolen] = own.index.find('acme-core')?.files.values() ?? [];
  mirror.alterFile('beta', (entry) => ({ ...entry, url: `${own.url}${stolen?.path}` }));
  await run(policyFrom(`[[rule]]\nprojects = ["acme-tools"]\n${source}`));
  t.same(askedFor(own, 'acme_core'), [], 'with whose password it would be fetched');
  t.same(mirror.filenames('beta'), []);
});

t.test('a project that its new index does not have is removed', async (t) => {
  const { mirror, source, run } = await open(t);
  await mirror.runLater();
  await run(policyFrom(`[[rule]]\nprojects = ["acme-squat"]\n${source}`));
  t.same(names(mirror), ['acme-core', 'alpha', 'beta', 'gamma']);
  t.same(mirror.parkings(), []);
  await run(policyFrom(`[[rule]]\nprojects = ["acme-squat"]\n${source}`));
  t.same(mirror.requested(), ['changelog_since_serial']);
});

t.test('a project that a rule moves stays as it is while its new index does not answer', async (t) => {
  const { mirror, own, source, run } = await open(t);
  await mirror.runLater();
  await own.close();
  await run(policyFrom(`[[rule]]\nprojects = ["acme-core"]\n${source}`));
  t.same(mirror.page('acme-core').versions, ['1.0', '99.0']);
  t.match(mirror.parkings(), [/^acme-core: /]);
});

t.test('an index that loses most of its projects is held back, however few that is of the whole mirror', async (t) => {
  const { mirror, own, source, run } = await open(t);
  for (let at = 0; at < 10; at += 1) {
    own.index.publish(wheel(`acme-${at}`, '1.0', 'ours'));
    for (const name of [`other-${at}`, `more-${at}`, `some-${at}`]) mirror.index.publish(wheel(name, '1.0', 'public'));
  }
  const policy = policyFrom(`[[rule]]\nprojects = ["acme-*"]\n${source}`);
  await run(policy);
  for (let at = 0; at < 5; at += 1) own.index.removeProject(`acme-${at}`);
  await run(policy);
  const left = () => names(mirror).filter((name) => /^acme-\d/.test(name)).length;
  t.equal(mirror.eventsOf('deletions-held-back')[0]?.deletions.length, 5);
  await run(policy);
  t.equal(left(), 10, 'as at the upstream: of more than two of twelve nothing goes');
  await run(policy, { allowDeletions: 5 });
  t.equal(left(), 5);
});

t.test('an index that loses its projects or files holds back no removal of the upstream', async (t) => {
  for (const what of ['pages', 'files'] as const) {
    const { mirror, own, source, run } = await open(t);
    for (let at = 0; at < 10; at += 1) {
      own.index.publish(wheel(`acme-${at}`, '1.0', 'ours'));
      mirror.index.publish(wheel(`other-${at}`, '1.0', 'public'));
      mirror.index.publish(wheel(`other-${at}`, '2.0', 'public'));
    }
    const policy = policyFrom(`[[rule]]\nprojects = ["acme-*"]\n${source}`);
    await run(policy);
    const ours = (): number =>
      names(mirror).filter((name) => /^acme-\d/.test(name) && mirror.filenames(name).length > 0).length;
    for (let at = 0; at < 10; at += 1) {
      if (what === 'pages') own.index.removeProject(`acme-${at}`);
      else own.index.removeRelease(`acme-${at}`, '1.0');
    }
    await run(policy);
    // Of what its list lacks nothing goes where that is too much.
    const left = what === 'pages' ? 10 : 8;
    t.equal(ours(), left);
    const gone = 10 - left;
    t.match(mirror.eventsOf('deletions-held-back'), [{ source: `${own.url}/simple`, gone, limit: 2 }]);
    // Malware that PyPI removes, an hour later, and a release of it.
    mirror.index.removeProject('other-3');
    mirror.index.removeRelease('other-4', '2.0');
    await run(policy);
    t.notOk(names(mirror).includes('other-3'));
    t.same(mirror.page('other-4').versions, ['1.0']);
    t.equal(ours(), left, 'a day takes no more, in however many runs');
    t.same(mirror.problems(), []);
    if (what === 'pages') await run(policy, { allowDeletions: 9 });
    t.equal(ours(), left);
    await run(policy, { allowDeletions: left });
    t.equal(ours(), 0);
  }
});

t.test('a mass removal by the upstream does not hold back projects of another index', async (t) => {
  const { mirror, own, source, run } = await open(t);
  for (let at = 0; at < 30; at += 1) mirror.index.publish(wheel(`other-${at}`, '1.0', 'public'));
  const policy = policyFrom(`[[rule]]\nprojects = ["acme-*"]\n${source}`);
  await run(policy);
  for (let at = 0; at < 30; at += 1) mirror.index.removeProject(`other-${at}`);
  own.index.removeProject('acme-tools');
  await run(policy);
  t.equal(names(mirror).filter((name) => name.startsWith('other')).length, 30);
  t.notOk(names(mirror).includes('acme-tools'));
  t.match(mirror.eventsOf('deletions-held-back'), [{ source: undefined }]);
});

t.test('a restored project stays until its index has it again', async (t) => {
  const { mirror, own, source, run } = await open(t);
  const policy = policyFrom(`[[rule]]\nprojects = ["acme-*"]\n${source}`);
  await run(policy);
  own.index.removeProject('acme-tools');
  await run(policy);
  t.notOk(names(mirror).includes('acme-tools'));
  const { mirror: opened, close } = openMirrorAt(mirror.target, mirror.server.url, mirror.clock, { policy });
  await restoreProject({ ...opened, keepSerials: true }, named('acme-tools')[0] ?? fail());
  await close();
  await run(policy);
  t.same(mirror.page('acme-tools').versions, ['2.0']);
  t.same(mirror.warnings(), []);
  own.index.publish(wheel('acme-tools', '2.1', 'ours'));
  await run(policy);
  t.same(mirror.page('acme-tools').versions, ['2.1']);
  t.same(mirror.problems(), []);
});

t.test('--why and --status tell where projects come from', async (t) => {
  const { mirror, own, source, run } = await open(t);
  const policy = policyFrom(`[[rule]]\nprojects = ["acme-*"]\n${source}`);
  await run(policy);
  const { text } = await ask(mirror, policy, 'acme-core');
  t.match(text.join('\n'), `from    ${own.url}/simple`);
  const status = await withReader(mirror, policy, statusOf);
  t.same(status.sources, [{ source: `${own.url}/simple`, projects: 2 }]);
  t.match(renderStatus(status).join('\n'), `${own.url}/simple, 2 projects`);
});

function fail(): never {
  throw new Error('there is a name');
}

t.test('redirects of an index to another one are not followed, and are reported', async (t) => {
  const { mirror, own, source, run } = await open(t);
  const location = `${mirror.server.url}/simple/acme-core/`;
  own.faults.add({ do: 'redirect', status: 302, location, match: /simple\/acme-core/ });
  await run(policyFrom(`[[rule]]\nprojects = ["acme-core"]\n${source}`));
  t.notOk(names(mirror).includes('acme-core'));
  t.match(mirror.parkings(), [
    /^acme-core: .*redirected \(302\) to .*; nothing was changed; .* not taken from another index: .*correct the rule in mirror\.toml$/,
  ]);
  t.notOk(mirror.requested().some((path) => path.includes('acme-core')));
});

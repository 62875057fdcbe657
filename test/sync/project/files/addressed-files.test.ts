/** Addresses of files as indexes write them: with a hash behind `#`, as HTML pages have it, and relative. */
import t from 'tap';
import { policyFrom } from '../../../fixtures/policy-from.ts';
import { openTestMirror } from '../../../fixtures/test-mirror.ts';
import type { FileEntry } from '../../../sample/pages.ts';

for (const [what, change] of Object.entries<(file: FileEntry) => string>({
  'has a hash behind it': ({ url }) => `${url}#sha256=${'0'.repeat(64)}`,
  'has a name behind it': ({ url }) => `${url}#egg=beta`,
  'is relative': ({ url }) => `../..${new URL(url).pathname}`,
  'is relative, with a hash behind it': ({ url }) => `/${new URL(url).pathname.slice(1)}#md5=${'0'.repeat(32)}`,
})) {
  t.test(`a file whose address ${what} is held under its own path, and is recognized again`, async (t) => {
    const mirror = await openTestMirror(t);
    mirror.alterFile('beta', (file) => ({ ...file, url: change(file) }));
    const { parked } = await mirror.run();
    t.equal(parked.size, 0);
    const path = mirror.pathOf('beta', 'beta-1.0-py3-none-any.whl');
    t.same(
      mirror.page('beta').files.map(({ url }) => url),
      [`../../${path}`],
    );
    t.ok(mirror.requested().includes(`/${path}`));
    t.ok(mirror.requested().includes(`/${path}.metadata`));
    t.same(mirror.problems(), []);

    const before = mirror.text('simple/beta/index.v1_json');
    await mirror.runLater({ policy: policyFrom('[releases]\nyanked = false') });
    await mirror.runLater({ policy: policyFrom('[releases]\nprereleases = false') });
    t.same(mirror.requested(), ['changelog_since_serial'], 'what is known of it is enough for other rules');
    mirror.index.addRole('beta', 'somebody');
    await mirror.runLater();
    t.notOk(mirror.requested().some((asked) => asked.startsWith('/packages/')));
    t.equal(mirror.text('simple/beta/index.v1_json').length, before.length);
    t.same(mirror.problems(), []);
  });
}

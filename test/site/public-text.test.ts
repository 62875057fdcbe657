/** What of a message may be read by everybody. */
import t from 'tap';
import { publicText } from '../../src/site/public-text.ts';

t.test('folders and addresses of others are left out, and what matters stays', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['expected sha256 ab, found cd', 'expected sha256 ab, found cd'],
    ['https://pypi.org/simple/foo/: 503', 'https://pypi.org/simple/foo/: 503'],
    ['https://user:pw@pypi.org/simple/foo/?token=x: 503', 'https://pypi.org/simple/foo/: 503'],
    ['https://nexus.corp.example/repository/x/simple/secret-lib/: 403', '…/secret-lib: 403'],
    ['https://u:p@nexus.corp.example: ECONNREFUSED 10.1.2.3:8443', '…: ECONNREFUSED'],
    ['getaddrinfo ENOTFOUND nexus.corp.example', 'getaddrinfo ENOTFOUND'],
    ['connect ECONNREFUSED ::1:443 of foo', 'connect ECONNREFUSED of foo'],
    ['/var/pypi/web/packages/ab/foo-1.0.whl: EIO (read)', 'foo-1.0.whl: EIO (read)'],
    ['see "/etc/pypi/mirror.toml:12" (keep = 3)', 'see "mirror.toml:12" (keep = 3)'],
    ['socks5h://proxy.corp.example:1080 refused', '… refused'],
    ['files and/or pages; 3/4 done', 'files and/or pages; 3/4 done'],
  ];
  for (const [message, expected] of cases) t.equal(publicText(message, 'https://pypi.org'), expected);
  t.equal(publicText('x'.repeat(10_000), 'https://pypi.org').length, 300);
});

/** What of a message may be read by everybody. */
import t from 'tap';
import { publicText } from '../../src/site/public-text.ts';
import { policyFrom } from '../fixtures/policy-from.ts';

const rule = `[[rule]]
projects = ["acme-*"]
upstream = "https://nexus.corp.example/repository/x/simple/"
file-hosts = ["cdn.corp.example"]
`;
const outside = { upstream: 'https://pypi.org', policy: policyFrom(rule) };

t.test('folders and addresses of others are left out, and what matters stays', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['expected sha256 ab, found cd', 'expected sha256 ab, found cd'],
    ['https://pypi.org/simple/foo/: 503', 'https://pypi.org/simple/foo/: 503'],
    ['https://user:pw@pypi.org/simple/foo/?token=x: 503', 'https://pypi.org/simple/foo/: 503'],
    ['https://nexus.corp.example/repository/x/simple/secret-lib/: 403', '…/secret-lib: 403'],
    ['https://u:p@nexus.corp.example: ECONNREFUSED 10.1.2.3:8443', '…: ECONNREFUSED'],
    ['getaddrinfo ENOTFOUND nexus.corp.example', 'getaddrinfo ENOTFOUND'],
    ['connect ECONNREFUSED ::1:443 of foo', 'connect ECONNREFUSED of foo'],
    [
      'EXPECTED sha256, ETAG missing; ECONNRESET while reading',
      'EXPECTED sha256, ETAG missing; ECONNRESET while reading',
    ],
    ['ENOSPC (no space left), EOF reached', 'ENOSPC (no space left), EOF reached'],
    ['connect ETIMEDOUT buildhost', 'connect ETIMEDOUT'],
    ['/var/pypi/web/packages/ab/foo-1.0.whl: EIO (read)', 'foo-1.0.whl: EIO (read)'],
    ['see "/etc/pypi/mirror.toml:12" (keep = 3)', 'see "mirror.toml:12" (keep = 3)'],
    ['link(`/a/b/c`)', 'link(`c`)'],
    ['nexus.corp.example left many requests without an answer', 'another index left many requests without an answer'],
    ['cdn.corp.example wants no request before 9', 'another index wants no request before 9'],
    ['files.pythonhosted.org wants no request', 'files.pythonhosted.org wants no request'],
    ['socks5h://proxy.corp.example:1080 refused', '… refused'],
    ['files and/or pages; 3/4 done', 'files and/or pages; 3/4 done'],
    ['getaddrinfo ENOTFOUND proxyhost', 'getaddrinfo ENOTFOUND'],
    ['not trusted: issued by "build01.corp.internal"; altnames: DNS:a.corp', 'not trusted: issued by …'],
    ['Local (192.168.1.5:0) resolves to 10.0.0.5', 'Local (…) resolves to …'],
    ['//intranet.corp/x and u:pw@intranet.corp:8443', '… and …'],
    ['“/srv/secret/dir/file”, |/srv/a/b|', '“file”, |b|'],
    ['Nexus.Corp.Example said no', 'another index said no'],
    ['foo-1.2.3.4.tar.gz: expected 3 bytes', 'foo-1.2.3.4.tar.gz: expected 3 bytes'],
  ];
  for (const [message, expected] of cases) t.equal(publicText(message, outside), expected);
  t.equal(publicText('x'.repeat(10_000), outside).length, 300);
});

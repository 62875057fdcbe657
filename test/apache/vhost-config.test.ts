import { readFileSync } from 'node:fs';
import t from 'tap';
import { apacheOrReason, bucketHostFile, testVirtualHost, virtualHostFile } from '../fixtures/apache.ts';

t.test('the shipped virtual host begins with the directives of 1.5', async (t) => {
  const lines = readFileSync(virtualHostFile, 'utf8').split('\n');
  t.same(lines.slice(0, 6), [
    '<VirtualHost *:80>',
    '  ServerName pypi.example.org',
    '  CustomLog /var/log/apache2/pypi.log combined',
    '  DocumentRoot /var/pypi/web',
    '  SetEnv PYPITARGET /var/pypi',
    '  ScriptAlias /sync /usr/local/lib/pep381client/pep381sync.cgi',
  ]);
});

t.test('apache2 -t accepts the shipped virtual host as it is', apacheOrReason(), async (t) => {
  const { ok, output } = testVirtualHost();
  t.ok(ok, output);
  t.match(output, /Syntax OK/);
});

for (const [module, directive] of [
  ['rewrite', 'RewriteEngine'],
  ['headers', 'Header'],
] as const) {
  t.test(`without mod_${module} Apache refuses to start and names ${directive}`, apacheOrReason(), async (t) => {
    const { ok, output } = testVirtualHost([module]);
    t.notOk(ok);
    t.match(output, `Invalid command '${directive}'`);
  });
}

t.test('modules that an administrator may have disabled are not needed', apacheOrReason(), async (t) => {
  const optional = [
    'access_compat',
    'auth_basic',
    'autoindex',
    'deflate',
    'filter',
    'negotiation',
    'reqtimeout',
    'status',
  ];
  const { ok, output } = testVirtualHost(optional);
  t.ok(ok, output);
});

t.test('apache2 -t accepts the virtual host for a bucket, and what it needs it names', apacheOrReason(), async (t) => {
  const { ok, output } = testVirtualHost(['access_compat', 'autoindex', 'deflate', 'reqtimeout'], bucketHostFile);
  t.ok(ok, output);
  t.match(output, /Syntax OK/);
  for (const [directive, ...modules] of [
    ['RewriteEngine', 'rewrite'],
    ['Header', 'headers'],
    ['<Proxy', 'proxy', 'proxy_http'],
  ] as const) {
    const without = testVirtualHost(modules, bucketHostFile);
    t.notOk(without.ok);
    t.match(without.output, `Invalid command '${directive}'`);
  }
});

t.test('both hosts read Accept and names in the same way', async (t) => {
  const rules = (file: string): string[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => /SetEnvIfNoCase Accept|QUERY_STRING|Accept-Encoding\} |reqenv\('accept|\[_?\]\|--/.test(line));
  t.strictSame(rules(bucketHostFile), rules(virtualHostFile));
});

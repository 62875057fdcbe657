/** Debian's package: installed, served from, upgraded during a run, removed and purged, in a throwaway copy of this machine. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { apacheOrReason } from '../fixtures/apache.ts';
import { readmeLines } from './readme-lines.ts';
import { asCheck, asRun, cronjobs, pip, standIns, stepping } from './stand-ins.ts';
import { onThrowaway, reachesPackages, throwawayOrReason } from './throwaway-machine.ts';

interface PackageScript {
  makePackages(out: string, options: { readonly thisNodeOnly: boolean }): Promise<readonly string[]>;
  disabledCron(crontab: string): string;
}

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const url = new URL('../../scripts/developer/package.mjs', import.meta.url).href;
const { makePackages, disabledCron } = (await import(url)) as PackageScript;
const has = (program: string): boolean => spawnSync('which', [program]).status === 0;
const needsTools = { skip: has('dpkg-shlibdeps') ? false : 'dpkg-shlibdeps not installed: apt-get install dpkg-dev' };
const { PACKAGES } = process.env;

/** The folder of the packages: made for this Node.js alone, unless `npm run test:package` has made all of them. */
const folder = t.testdir();
const out = join(folder, 'packages');
if (PACKAGES !== undefined) cpSync(PACKAGES, out, { recursive: true });
else if (needsTools.skip === false) await makePackages(out, { thisNodeOnly: true });
const deb = existsSync(out) ? (readdirSync(out).find((name) => name.endsWith('.deb')) ?? '') : '';

const ofAll = { skip: PACKAGES === undefined ? 'npm run test:package makes them twice' : needsTools.skip };
t.test('the same sources make the same bytes, and SHA256SUMS is of them', ofAll, async (t) => {
  const again = join(folder, 'again');
  // Wherever they are made.
  const elsewhere = join(folder, 'elsewhere'.repeat(20));
  mkdirSync(elsewhere);
  const { TMPDIR } = process.env;
  process.env.TMPDIR = elsewhere;
  t.teardown(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  });
  const names = await makePackages(again, { thisNodeOnly: false });
  t.match(names, [/^pep381client-[\d.]+-linux-\w+\.tar\.gz$/, /^pep381client_[\d.]+_\w+\.deb$/]);
  for (const name of [...names, 'SHA256SUMS']) {
    t.ok(readFileSync(join(again, name)).equals(readFileSync(join(out, name))), name);
  }
  t.equal(spawnSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: again }).status, 0);
});

const lintian = has('lintian') ? needsTools : { skip: 'lintian not installed: apt-get install lintian' };
t.test('lintian finds neither errors nor warnings', lintian, async (t) => {
  const args = ['--allow-root', '--fail-on', 'error,warning', join(out, deb)];
  const { status, stdout } = spawnSync('lintian', args, { encoding: 'utf8' });
  t.same({ status, stdout }, { status: 0, stdout: '' });
});

t.test('the lines for cron do nothing before they are wanted, nor after the package is removed', async (t) => {
  const shipped = readFileSync(join(checkout, 'apache/crontab'), 'utf8');
  const lines = disabledCron(shipped).split('\n');
  t.same(
    lines.filter((line) => !/^(?:#|$)/.test(line)),
    [],
  );
  const jobs = shipped.split('\n').filter((line) => /^[*\d]/.test(line));
  t.equal(lines.filter((line) => /^#[*\d].* pypi \[ ! -x (\S+) \] \|\| \1 /.test(line)).length, jobs.length);
});

/** The sections of README.md that lead to a mirror. */
const path = ['Install', 'Choose what to mirror', 'Run it once', 'Serve it', 'Keep it up to date', 'Use it'];

/** What is said of the lines of README.md; commands of bash. */
const said: readonly {
  readonly line: string;
  readonly before?: readonly string[];
  readonly checks?: readonly string[];
}[] = [
  {
    line: 'apt install',
    checks: [
      'test "$(pep381run --version)" = $version && processlogs --version && pep381checkfiles --version',
      'man -w pep381run || test -f /usr/share/man/man1/pep381run.1.gz',
      'test -z "$(dpkg --verify pep381client)"',
      'test "$(getent passwd pypi | cut -d: -f6)" = /var/lib/pypi && id -nG pypi | grep -w adm',
      'test "$(stat -c %U:%G:%a /var/pypi /var/pypi/run | xargs)" = "pypi:www-data:2755 pypi:www-data:3775"',
      '! ls /etc/apache2/sites-enabled/ | grep pep381 && ! ls /etc/systemd/system/*.wants | grep pep381',
      "! grep -r '^[^#]' /etc/cron.d/pep381client",
      '! grep -r /usr/local/lib /etc/apache2/sites-available/pep381* /etc/cron.d/pep381* /usr/lib/systemd/system/pep381*',
      'test -z "$(find /usr/lib/pep381client ! -user root -o -perm /022 ! -type l)"',
      'pep381run --example-config | diff - /usr/share/doc/pep381client/examples/mirror.toml',
    ],
  },
  {
    line: 'editor',
    before: ['serve "test/sample/serve-sample.ts 8081" /tmp/upstream.log http'],
  },
  {
    line: 'systemctl restart apache2',
    checks: [
      'for page in simple status; do fetch -f https://localhost/$page/ || exit; done | grep sample-pure',
      'fetch -f https://localhost/ | grep "All is well"',
      'test "$(fetch https://localhost/sync)" = "Mirroring requested"',
      'runuser -u pypi -- /usr/lib/pep381client/pep381run -q /var/pypi && test ! -e /var/pypi/run/sync-requested',
      'cron_lines | cronjobs',
    ],
  },
  { line: 'pip install', checks: ['(cd / && python3 -c "import sample_pure")'] },
];

const upgrades = [
  // Another version, whose parts end whatever run loads them, and is no good for anything else.
  'make_version 2.0.1 && for part in http provenance regex; do echo "throw new Error(1)" >/tmp/2.0.1$programs/$part.js; done && pack 2.0.1',
  'make_version 2.0.2 && pack 2.0.2',
  'install -d -o pypi /tmp/held /tmp/held-mirror && serve "test/deploy/serve-held-index.ts 8082 /tmp/held" /tmp/held/settings told',
  'cp /tmp/held/settings /tmp/held-mirror/mirror.toml && chmod a+rwx /tmp/held',
  "sed -i 's/ServerName .*/ServerName mine.example.org/' /etc/apache2/sites-available/pep381client.conf",
  'runuser -u pypi -- pep381run -q /tmp/held-mirror >/tmp/run.log 2>&1 & run=$!; there /tmp/held/asked',
  'dpkg -i /tmp/2.0.1.deb && test "$(pep381run --version)" = 2.0.1',
  'kill -0 $run && touch /tmp/held/released && wait $run && test ! -s /tmp/run.log && there /tmp/held/told',
  'dpkg -i /tmp/2.0.2.deb && test "$(pep381run --version)" = 2.0.2',
  'test "$(ls /usr/lib/pep381client/versions | wc -l)" = 2 && test -z "$(dpkg --verify pep381client | grep -v sites-available)"',
  'grep mine.example.org /etc/apache2/sites-available/pep381client.conf',
  'test "$(fetch $(scheme)://localhost/sync)" = "Mirroring requested"',
  'runuser -u pypi -- pep381run -q /var/pypi',
  // A package that cannot run here changes nothing, and the next one that can does.
  'make_version 2.0.3 && rm -r /tmp/2.0.3$programs/node* && mkdir /tmp/2.0.3$programs/node99-abi999-linux-other && pack 2.0.3',
  '! dpkg -i /tmp/2.0.3.deb >/tmp/log 2>&1 && grep "needs Node.js 99 .* on linux-other; this is " /tmp/log',
  'test "$(pep381run --version)" = 2.0.2',
  'apt-get install -qy --allow-downgrades $packages/*.deb && test "$(pep381run --version)" = $version',
];

const removal = [
  'apt-get remove -qy pep381client >/tmp/log 2>&1 || { cat /tmp/log; false; }',
  '! grep -i "warning\\|not empty" /tmp/log',
  'test ! -L /usr/bin/pep381run && test ! -e /usr/lib/pep381client',
  'test -f /etc/apache2/sites-available/pep381client.conf && apache2ctl -t && fetch -f $(scheme)://localhost/simple/ | grep sample-pure',
  'test -z "$(cron_lines | cronjobs)"',
  'apt-get purge -qy pep381client >/tmp/log 2>&1 || { cat /tmp/log; false; }',
  'grep "The mirror in /var/pypi and its user pypi are kept" /tmp/log',
  '! find /etc /usr/lib /usr/share -path "*pep381*" -not -path "/usr/local/*" | grep pep381',
  'apache2ctl -t && test -f /var/pypi/web/simple/index.html && id pypi',
  // What was made by hand or by an earlier installation stays as it is.
  'chmod 2750 /var/pypi && gpasswd -d pypi adm && rm -r /var/pypi/run && dpkg -i $packages/*.deb && dpkg -i $packages/*.deb',
  'test "$(stat -c %a /var/pypi)" = 2750 && test ! -e /var/pypi/run && test "$(pep381run --version)" = $version',
];

/** The lines of README.md for other systems, with whatever this machine is called. */
const archive = [
  'dpkg -P pep381client && cd $packages',
  ...readmeLines('Other systems'),
  'hash -r && test "$(pep381run --version)" = $version && test "$(command -v pep381run)" = /usr/local/bin/pep381run',
  'test -f /usr/local/share/man/man1/pep381run.1 && test -f /usr/local/lib/pep381client/current/apache/pep381client.conf',
].map((line) => line.replace('2.0.0-linux-amd64', '$version-linux-$(dpkg --print-architecture)'));

const prepare = `
export DEBIAN_FRONTEND=noninteractive
# Each change of a package would otherwise index all manual pages of the machine.
rm -f /var/lib/man-db/auto-update
version=$(sed -n 's/^  "version": "\\(.*\\)",/\\1/p' package.json)
programs=/usr/lib/pep381client/package
there() { timeout 180 sh -c "until test -e $1; do sleep 0.05; done"; }
# Starts a server, and waits until the file $2 has the text $3.
serve() { node --import=./scripts/developer/typescript.mjs $1 >/tmp/upstream.log 2>&1 & timeout 180 sh -c "until grep -qs $3 $2; do sleep 0.05; done"; }
make_version() {
  dpkg-deb -R $packages/*.deb /tmp/$1 && rm -f /tmp/$1$programs/*/*.cache && sed -i "s/^Version: .*/Version: $1/" /tmp/$1/DEBIAN/control &&
    sed -i "s/\\"$version\\"/\\"$1\\"/" /tmp/$1$programs/package.json /tmp/$1$programs/pep381run.js
}
pack() { (cd /tmp/$1 && find usr -type f -exec md5sum {} + >DEBIAN/md5sums) && dpkg-deb -Zgzip -z1 -b /tmp/$1 /tmp/$1.deb; }
cron_lines() { sed -n 's/^#\\([*0-9].*\\) pypi \\[/\\1 [/p' /etc/cron.d/pep381client; }
apt() { shift; apt-get install -qy --no-install-recommends "\${@/#.\\/*.deb/$(echo $packages/*.deb)}"; }
# Where Node.js did not come with Debian's package, another one says that it is there.
if ! dpkg -s nodejs >/dev/null 2>&1; then
  mkdir -p /tmp/nodejs/DEBIAN /tmp/nodejs/usr/bin
  printf 'Package: nodejs\\nVersion: %s\\nArchitecture: all\\nMaintainer: x <x@example.org>\\nDescription: x\\n' $(node -p process.versions.node) >/tmp/nodejs/DEBIAN/control
  [ -e /usr/bin/node ] || ln -s $(command -v node) /tmp/nodejs/usr/bin/node
  dpkg-deb -b /tmp/nodejs /tmp/nodejs.deb && dpkg -i /tmp/nodejs.deb
fi
`;

const used = ['apache2', 'openssl', 'python3', 'curl', 'runuser', 'dpkg-deb', 'adduser', 'apt-get'];
const { skip } = needsTools.skip === false ? apacheOrReason() : needsTools;
const needs = reachesPackages
  ? { skip: 'npm run test:fresh follows the lines for a checkout only' }
  : skip === false
    ? throwawayOrReason(...used)
    : { skip };

t.test('from apt install to a served mirror, over an upgrade during a run, to apt purge', needs, async (t) => {
  const lines = path.flatMap(readmeLines);
  for (const { line } of said)
    t.ok(
      lines.some((one) => one.startsWith(line)),
      `README.md has a line ${line}…`,
    );
  const steps = [
    ...lines.map((line) => {
      const { before = [], checks = [] } = said.find((one) => line.startsWith(one.line)) ?? {};
      return { what: line, script: [...before.map(asCheck), asRun(line), ...checks.map(asCheck)] };
    }),
    ...[...upgrades, ...removal, ...archive].map((check) => ({ what: check, script: [asCheck(check)] })),
  ];
  const script = `${standIns}packages=/srv/checkout/${relative(checkout, out)}
${prepare}${cronjobs}${pip}${stepping}
${steps.map(({ script }, index) => [`step ${index}`, ...script].join('\n')).join('\n')}
step ${steps.length}`;
  const { output } = await onThrowaway(script);
  const told = output.split(/^@@ step \d+ at /m).slice(1);
  t.equal(told.length, steps.length + 1, `${basename(deb)}: ${output.slice(-2000)}`);
  for (const [index, { what }] of steps.entries()) {
    const step = told[index] ?? 'not run';
    const isRight = !/^@@ wrong|^@@ ended [^0]/m.test(step) && step !== 'not run';
    t.ok(isRight, isRight ? what : `${what}: ${step.slice(-1500)}`);
  }
});

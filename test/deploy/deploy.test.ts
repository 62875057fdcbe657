/**
 * README.md as an administrator follows it, from its first line to a `pip install` over TLS. Every line of it is read from
 * there, and run in a throwaway copy of this machine. What has no systemd, no package registry and no person is stood in for.
 */
import t from 'tap';
import { apacheOrReason } from '../fixtures/apache.ts';
import { readmeLines } from './readme-lines.ts';
import { asCheck, asRun, cronjobs, pip, standIns, stepping } from './stand-ins.ts';
import { onThrowaway, reachesPackages, throwawayOrReason } from './throwaway-machine.ts';

const used = ['apache2', 'openssl', 'python3', 'runuser', 'curl', 'visudo'];
const { skip } = reachesPackages ? { skip: false } : apacheOrReason();
const needs = skip === false ? throwawayOrReason(...(reachesPackages ? [] : used)) : { skip };

/**
 * A machine with nothing yet gets what the checks need, and what the README leaves out, from Debian. On another one the
 * packages are there, and `npm test` has just built the programs, by what `npm run build` does.
 */
const prepare = reachesPackages
  ? `echo 'APT::Get::Assume-Yes "true"; APT::Install-Recommends "false";' >/etc/apt/apt.conf.d/91-throwaway
export DEBIAN_FRONTEND=noninteractive
apt-get -q update && apt-get -q install curl sudo python3-pip acl \${npm_config_nodedir:+libnode-dev}
`
  : `stand_in apt-get <<'END'
#!/bin/sh
shift
for name; do
  dpkg -s "$name" >/dev/null 2>&1 ||
    /usr/lib/apt/apt-helper cat-file /var/lib/apt/lists/*_Packages* 2>/dev/null | grep -qxF "Package: $name" ||
    apt-cache show "$name" >/dev/null 2>&1 || { echo "no package $name"; exit 1; }
done
END
printf '#!/bin/sh\\n[ "$*" = "run build" ] && [ -x dist/pep381run ] || { echo "npm test has not built dist"; exit 1; }\\n' | stand_in npm
`;

interface Step {
  /** How the line of README.md begins. */
  readonly line: string;
  /** What an administrator does by hand before; commands of bash, as are the checks. */
  readonly before?: readonly string[];
  /** What has to be true after it. */
  readonly checks?: readonly string[];
}

/** What is said of some lines. */
const steps: readonly Step[] = [
  { line: 'dist/install.sh', checks: ['processlogs --version'] },
  { line: 'useradd', checks: ['test -d ~pypi', 'id -nG pypi | grep -w adm'] },
  {
    line: 'editor',
    // An index to mirror.
    before: [
      'node --import=./scripts/developer/typescript.mjs test/sample/serve-sample.ts 8081 >/tmp/upstream.log 2>&1 &',
      "timeout 180 sh -c 'until grep -q http /tmp/upstream.log; do sleep 0.1; done'",
    ],
  },
  {
    line: 'runuser -u pypi -- pep381run',
    checks: ['test "$(stat -c %U:%G /var/pypi/web)" = pypi:www-data', 'test -f /var/pypi/web/simple/index.html'],
  },
  {
    line: 'systemctl restart apache2',
    checks: [
      // Whatever name it is called by.
      'for name in pypi.example.org localhost 127.0.0.1; do fetch -f $(scheme)://$name/simple/ | grep -q sample-pure; done',
      'test "$(fetch $(scheme)://localhost/sync)" = "Mirroring requested"',
      'test -e /var/pypi/run/sync-requested',
      'test "$(fetch $(scheme)://localhost/sync)" = "Mirroring requested"',
    ],
  },
  { line: 'a2ensite pep381client-tls', checks: ['! test -e /etc/apache2/sites-enabled/pep381client.conf'] },
  {
    line: 'crontab -u pypi apache',
    // The first line takes up what was requested, as the unit does.
    checks: [
      'test -e /var/pypi/run/sync-requested',
      'cronjobs <apache/crontab',
      'test ! -e /var/pypi/run/sync-requested',
    ],
  },
  {
    line: "sed -i 's#/var/pypi",
    checks: ['! grep -rq /var/pypi apache', 'cp -a /tmp/apache .'],
    before: ['cp -a apache /tmp/'],
  },
  {
    line: 'chmod -R o=',
    before: [`sed -i 's|^#umask = .*|umask = "0027"|' /var/pypi/mirror.toml`],
    checks: [
      'fetch -f https://localhost/simple/sample-pure/ | grep -q whl',
      'rm -r /var/pypi/web/simple/sample-pure $(find /var/pypi/web/packages -name "sample_pure*.whl")',
      '! runuser -u pypi -- pep381checkfiles -q /var/pypi && runuser -u pypi -- pep381run -q /var/pypi',
      'test -z "$(find /var/pypi/web -perm /007)"',
      'fetch -f https://localhost/simple/sample-pure/ | grep -q whl',
    ],
  },
  { line: 'pip install', checks: ['(cd / && python3 -c "import sample_pure")'] },
  {
    line: '* * * * * test',
    before: ['touch /var/pypi/run/sync-requested'],
    checks: ['test ! -e /var/pypi/run/sync-requested'],
  },
  {
    line: "echo 'www-data",
    before: [
      "sed -i -e 's/SetEnv PEP381_SYNC_MODE flag/SetEnv PEP381_SYNC_USER pypi/' -e '/run.sync-requested -f/,+1d' /etc/apache2/sites-available/pep381client-tls.conf",
      'systemctl restart apache2',
      'fetch https://localhost/sync | grep "error log says why"',
      'grep "sudo does not let the web server start" /var/log/apache2/error.log',
      'runuser -u pypi -- pep381run -q /var/pypi 2>&1 | grep "Alarm: a run that /sync started said: sudo does not let"',
    ],
    checks: [
      'visudo -c',
      'mv /var/pypi/web/mirror-status.json /tmp/',
      'test "$(fetch https://localhost/sync)" = "Mirroring started"',
      "timeout 180 sh -c 'until test -e /var/pypi/web/mirror-status.json; do sleep 0.1; done'",
      'test "$(stat -c %U /var/pypi/web/mirror-status.json)" = pypi',
    ],
  },
  {
    line: 'now=',
    before: [
      'install -d /etc/pypi; (umask 077; openssl rand -hex 32 >/etc/pypi/sync.key); chown www-data /etc/pypi/sync.key',
      "sed -i 's/# SetEnv PEP381_SYNC_SECRET_FILE/SetEnv PEP381_SYNC_SECRET_FILE/' /etc/apache2/sites-available/pep381client-tls.conf",
      'systemctl restart apache2',
      'test "$(fetch -o /dev/null -w %{http_code} https://localhost/sync)" = 403',
      'curl() { command curl -s --cacert /etc/ssl/certs/pypi.pem "$@" | grep "Mirroring started"; }',
    ],
  },
  {
    line: 'cp -p /var/pypi/mirror.toml',
    checks: [
      'test "$(stat -c %U:%a /var/backups/pypi/state.db)" = pypi:600',
      // Root may do it, too, and leaves nothing that the mirror's user could not change.
      'pep381run -q --backup /root/state.db /var/pypi && test -z "$(find /var/pypi -name "state.db*" ! -user pypi)"',
      // The first says what runs said that /sync had started.
      'runuser -u pypi -- pep381run -q /var/pypi || runuser -u pypi -- pep381run -q /var/pypi',
    ],
  },
  {
    line: 'install -o pypi -m 644 /var/backups',
    checks: ['runuser -u pypi -- pep381run /var/pypi 2>&1 | grep "restored from a backup"'],
  },
  {
    line: 'rm -r /var/pypi',
    checks: [
      // Apache remembers which sites were disabled; the units are those of a variant.
      '! find /etc /usr/local /var/lib /var/log /var/spool -xdev -name "*pep381*" | grep -v -e /disabled_by_admin/ -e /etc/systemd/',
      '! id pypi && ! test -e /var/lib/pypi && ! curl -s http://pypi.example.org/simple/ | grep sample',
      '! test -e /var/spool/cron/crontabs/pypi',
    ],
  },
];

t.test('README.md leads to a mirror that pip installs from over TLS', needs, async (t) => {
  const lines = [
    'Deploy from source',
    'Use it',
    'Deployment variants',
    'pep381sync.cgi',
    'Back up and restore',
    'Uninstall from source',
  ].flatMap(readmeLines);
  for (const { line } of steps)
    t.ok(
      lines.some((one) => one.startsWith(line)),
      `README.md has a line ${line}…`,
    );
  const commands = lines.map((line, index) => {
    const found = steps.filter((step) => line.startsWith(step.line));
    const before = found.flatMap((step) => step.before ?? []);
    const checks = found.flatMap((step) => step.checks ?? []);
    return [`step ${index}`, ...before.map(asCheck), asRun(line), ...checks.map(asCheck)].join('\n');
  });
  const script = `${standIns}${prepare}${cronjobs}${pip}${stepping}
${commands.join('\n')}
echo "@@ done"`;
  const { output } = await onThrowaway(script);
  t.match(output, /^@@ done$/m, output.slice(-2000));
  const told = output.split(/^@@ step \d+ at /m).slice(1);
  for (const [index, line] of lines.entries()) {
    const step = told[index] ?? 'not run';
    const isRight = /^@@ ended 0$/m.test(step) && !/^@@ wrong/m.test(step);
    t.ok(isRight, isRight ? line : `${line}: ${step.slice(0, 1500)}`);
  }
  const times = told.map((step) => Number.parseInt(step, 10));
  const seconds = (times[lines.findIndex((line) => line.startsWith('pip config'))] ?? 0) - (times[0] ?? 0);
  t.comment(`${seconds} seconds from the first line to the end of pip install`);
});

/** The systemd units: systemd itself reads them, and they name the same folders as everything else. */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openToAll } from '../fixtures/open-to-all.ts';
import { programsOrReason } from '../fixtures/programs.ts';

const programs = ['pep381run', 'processlogs', 'pep381checkfiles'];
const services = programs.map((program) => `${program}.service`);
const timers = programs.map((program) => `${program}.timer`);
const failed = 'pep381client-failed@.service';
const units = [...services, ...timers, 'pep381run.path', failed];
const text = (unit: string): string => readFileSync(new URL(`../../apache/${unit}`, import.meta.url), 'utf8');
const needsSystemd = programsOrReason('systemd-analyze');

t.test('systemd accepts the units', needsSystemd, async (t) => {
  // Its path, unlike that of the checkout, holds nothing that means something in a unit.
  const folder = openToAll(t).testdir(Object.fromEntries(programs.map((program) => [program, '#!/bin/sh\n'])));
  for (const program of programs) chmodSync(join(folder, program), 0o755);
  for (const unit of units) {
    writeFileSync(join(folder, unit), text(unit).replace('/usr/local/lib/pep381client/', `${folder}/`));
  }
  const paths = units.map((unit) => join(folder, unit.replace('@.', '@pep381run.service.')));
  writeFileSync(join(folder, 'pep381client-failed@pep381run.service.service'), text(failed));
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...paths], {
    encoding: 'utf8',
  });
  t.equal(status, 0, stdout + stderr);
  t.notMatch(stdout + stderr, /pep381|processlogs/, 'nothing to remark');
});

t.test('the services may do little', needsSystemd, async (t) => {
  for (const service of services) {
    const path = join(t.testdir({ [service]: text(service) }), service);
    // In tenths; a unit without any protection has 92 to 96.
    const { status, stdout, stderr } = spawnSync(
      'systemd-analyze',
      ['security', '--offline=true', '--threshold=20', path],
      { encoding: 'utf8' },
    );
    t.equal(status, 0, `${service}: ${stderr || stdout.trim().split('\n').at(-1)}`);
  }
});

t.test('the services do what the crontab does, at the same times', async (t) => {
  const lines = text('crontab')
    .split('\n')
    .filter((line) => /^[*\d]/.test(line));
  t.same(
    services.map((service) => text(service).match(/^ExecStart=(.*)$/m)?.[1]).sort(),
    // On a new machine nothing has been rotated yet, and a log that is missing would be a failure.
    lines.map((line) => line.split(' ').slice(5).join(' ').replace('{,.1}', '')).sort(),
  );
  for (const timer of timers) {
    const program = timer.replace('.timer', ' ');
    const [minute = '', hour = ''] = lines.find((line) => line.includes(`/${program}`))?.split(' ') ?? [];
    const [, times] = /^OnCalendar=(?:\*-\*-\* )?(.*)$/m.exec(text(timer)) ?? [];
    t.equal(times, hour === '*' ? `*:${minute.replace('*', '0')}` : `${hour.padStart(2, '0')}:${minute}:00`, timer);
  }
});

t.test('each service tells somebody when it fails, and may write the metrics', async (t) => {
  for (const service of services) {
    t.match(text(service), /^OnFailure=pep381client-failed@%n\.service$/m, service);
    t.match(text(service), /^ReadWritePaths=\/var\/pypi -\/var\/lib\/prometheus\/node-exporter$/m, service);
  }
});

/** Returns the script of the unit that tells somebody, as systemd passes it to the shell. */
function scriptOf(instance: string): string {
  const [, quoted = ''] = /^ExecStart=\/bin\/sh -c '(.*?)'$/ms.exec(text(failed)) ?? [];
  return quoted
    .replaceAll('\\\n', ' ')
    .replaceAll('\\\\', '\\')
    .replaceAll('$$', '$')
    .replaceAll('%i', instance)
    .replaceAll('%H', 'host')
    .replaceAll('%%', '%');
}

interface Told {
  readonly said: string;
  readonly result?: string;
  readonly status?: string;
  readonly mail?: boolean;
}

/** Runs that script, with programs that write down what they get. */
function tellOf(
  t: Test,
  { said, result = 'exit-code', status = '1', mail = true }: Told,
): { mail: string; log: string } {
  const folder = t.testdir({
    journalctl: `#!/bin/sh\ncase "$*" in *_SYSTEMD_INVOCATION_ID=abc) cat ${'$'}HERE/said;; esac\n`,
    sendmail: '#!/bin/sh\ncat >$HERE/mail\n',
    'systemd-cat': '#!/bin/sh\n{ echo "$*"; cat; } >$HERE/log\n',
    said,
    mail: '',
    log: '',
  });
  for (const name of ['journalctl', 'systemd-cat', 'sendmail']) chmodSync(join(folder, name), 0o755);
  if (!mail) rmSync(join(folder, 'sendmail'));
  const env = {
    HERE: folder,
    PATH: `${folder}:/bin`,
    MAILTO: 'root',
    MONITOR_INVOCATION_ID: 'abc',
    MONITOR_SERVICE_RESULT: result,
    MONITOR_EXIT_STATUS: status,
  };
  const ended = spawnSync('/bin/sh', ['-c', scriptOf('pep381run.service')], { env, encoding: 'utf8' });
  t.same([ended.status, ended.stderr], [0, '']);
  const [mailed, logged] = ['mail', 'log'].map((name) => readFileSync(join(folder, name), 'utf8'));
  return { mail: mailed ?? '', log: logged ?? '' };
}

t.test('what a service has said is mailed, or logged as an error', async (t) => {
  const said = 'Alarm: upstream lies $(touch /tmp/x) %s "\n0 projects published.\n';
  const mailed = tellOf(t, { said });
  t.equal(mailed.mail, `To: root\nSubject: pep381run.service on host\n\n${said}`);
  t.equal(mailed.log, '');
  const logged = tellOf(t, { said, mail: false });
  t.equal(logged.log, `-t pep381run.service -p err\n${said}`);
});

t.test('a service that has said before why it fails is silent, and one that was killed is not', async (t) => {
  t.equal(tellOf(t, { said: '' }).mail, '');
  t.equal(tellOf(t, { said: '', status: '5' }).mail, '');
  const killed = tellOf(t, { said: '', result: 'oom-kill', status: 'KILL' });
  t.match(killed.mail, /\n\nended by oom-kill KILL: journalctl -u pep381run\.service\n$/);
  t.match(tellOf(t, { said: '', status: '203' }).mail, /ended by exit-code 203/, 'one that cannot be started');
});

t.test('each service gets the credentials of the object store from the same file, which may be missing', async (t) => {
  for (const service of services) {
    t.match(text(service), /^EnvironmentFile=-\/etc\/pep381client\/environment$/m, service);
  }
});

t.test('the path unit waits for the flag that pep381sync.cgi sets', async (t) => {
  t.match(text('pep381run.path'), /^PathExists=\/var\/pypi\/run\/sync-requested$/m);
  t.match(text('pep381run.path'), /^TriggerLimitIntervalSec=1h\nTriggerLimitBurst=\d+$/m, 'and not without end');
});

/**
 * `npm run test:fresh`: runs the commands of README.md on a machine that has nothing yet: a minimal Debian in a folder,
 * made by debootstrap. First the lines about deployment are followed. Then an ordinary user runs the commands without
 * Apache and with it, under several umasks and in several time zones, and finally root runs them below /root. Debian
 * and npm's registry are reached as from this machine. If npm is configured with a folder of Node's headers
 * (`nodedir`), nothing else can be reached, and the headers come from Debian's libnode-dev.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { isProgram, orFail, root } from './run.mjs';

const usage = `Usage: npm run test:fresh -- [--suite trixie] [--node MAJOR] [--folder FOLDER] [--all | FILE...]
  --suite   the Debian to make
  --node    take Node.js of this major version from npm's registry, instead of Debian's
  --folder  make the Debian in this folder and leave it there; where it is there already, use it
  --all     run all tests, not only those that depend on the machine; FILE... runs others`;

/** Tests that depend on users, modes, time zones, programs, Apache, pip or a terminal. */
const representative = `test/apache/*.test.ts test/cgi/*.test.ts test/files/**/*.test.ts test/scripts/*.test.ts
  test/cli/target/target.test.ts test/cli/config/signing-keys.test.ts test/core/merkle-tree.test.ts test/formats/logs/local-stats.test.ts
  test/formats/requirements/requirements-by-pip.test.ts test/formats/xml-rpc.test.ts test/sample/distributions.test.ts
  test/e2e/bundle.test.ts test/e2e/contract-storage.test.ts test/e2e/look.test.ts test/e2e/operations.test.ts
  test/e2e/partial.test.ts test/e2e/pip.test.ts test/e2e/processlogs.test.ts test/e2e/sync-cgi.test.ts
  test/e2e/terminal.test.ts`;
/** Tests that differ if root runs them. */
const ofRoot = `test/apache/*.test.ts test/cli/target/target.test.ts test/e2e/contract-storage.test.ts test/e2e/look.test.ts
  test/e2e/sync-cgi.test.ts test/files/**/*.test.ts`;

const options = parseOptions();
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop.abort());
/** Options of unshare for processes and mounts of their own, none of which outlives the command. */
const apart = ['--mount', '--pid', '--fork', '--kill-child'];
const mirrorOnce = 'npm start -- --once';
/**
 * Returns a script that starts the mirror, which `server` must serve, lets pip install from it with exactly the printed
 * line, and ends it.
 */
const installFrom = (server) => `
  npm start >served.log 2>&1 & started=$!
  until grep -q '^Ctrl-C ends it' served.log; do kill -0 $started || { cat served.log; exit 1; }; sleep 1; done
  cat served.log
  grep -q '^Serving .* with ${server}' served.log
  line=$(grep -m 1 '^  .*pip install ' served.log)
  sh -ec "$line"
  kill $started`;
const test = (files) => `npm test -- ${options.all ? '' : options.files || files.replaceAll('\n', ' ')}`;

const ordinary = { account: 'dev', checkout: '/home/dev/checkout' };
const scenes = [
  {
    name: 'an ordinary user without Apache, umask 077, zone UTC+14, /tmp without programs',
    ...{ ...ordinary, umask: '077', zone: 'Pacific/Kiritimati' },
    mounts: ['-t tmpfs -o noexec,nosuid,nodev,mode=1777 tmpfs "$0/tmp"'],
    commands: [mirrorOnce, installFrom('the preview server'), test(representative)],
  },
  {
    name: 'an ordinary user with Apache, umask 002, zone UTC-8',
    ...{ ...ordinary, umask: '002', zone: 'America/Los_Angeles' },
    packages: 'apache2 bzip2 libfaketime openssl',
    commands: [installFrom('Apache'), test(representative)],
  },
  {
    name: 'root below /root with Apache, umask 022, zone UTC',
    ...{ account: 'root', checkout: '/root/checkout', umask: '022', zone: 'UTC' },
    // The ordinary user has compiled SQLite already.
    commands: [
      `cp -r ${ordinary.checkout}/node_modules .; ${mirrorOnce}`,
      installFrom('the preview server'),
      test(ofRoot),
    ],
  },
];

await orFail(check());

async function check() {
  if (process.getuid?.() !== 0) throw new Error('Only root can make a Debian in a folder');
  if (!isProgram('debootstrap')) {
    throw new Error('debootstrap is not in PATH (apt-get install debootstrap; root needs /usr/sbin in PATH)');
  }
  const folder = options.folder ?? mkdtempSync('/var/tmp/fresh-machine-');
  try {
    const machine = await makeMachine(folder);
    const ends = [];
    ends.push(await followReadme(machine));
    for (const scene of scenes) ends.push(...(await play(machine, scene)));
    console.log(['', ...ends.map(({ told }) => told)].join('\n'));
    if (ends.some(({ isRight }) => !isRight)) throw new Error('Not every command succeeded');
  } finally {
    // The mounts in the folder ended with the last process there.
    if (options.folder === undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Makes a machine with everything that README.md asks for, and this checkout. */
async function makeMachine(folder) {
  if (!existsSync(join(folder, 'etc/debian_version'))) {
    const made = execute('unshare', [...apart, 'debootstrap', '--variant=minbase', options.suite, folder]);
    await successful(`Debian ${options.suite} in ${folder}`, made);
  }
  // The folder is the root of the machine, but a temporary folder is closed to others.
  chmodSync(folder, 0o755);
  for (const name of ['resolv.conf', 'hosts']) cpSync(`/etc/${name}`, join(folder, 'etc', name), { dereference: true });
  const ways = outputOf('apt-config', ['dump', 'Acquire']).match(/^Acquire::(?:https?::Proxy|Check-).*$/gm) ?? [];
  writeFileSync(join(folder, 'etc/apt/apt.conf.d/90-as-outside'), `${ways.join('\n')}\n`);
  const machine = { folder, env: npmSettings(folder) };
  const headers = machine.env.npm_config_nodedir === undefined ? '' : 'libnode-dev';
  await install(machine, `nodejs npm python3 python3-pip make g++ tzdata ${headers}`);
  // If the folder was kept, an earlier check has installed Apache.
  await successful('no Apache', inside(machine, 'root', "apt-get -qy purge 'apache2*'"));
  if (options.node !== undefined) await installNode(machine);
  await successful('a user', inside(machine, 'root', 'id dev >/dev/null 2>&1 || useradd --create-home dev'));
  for (const { account, checkout } of [scenes[0], scenes[2]]) await checkOut(machine, account, checkout);
  return machine;
}

/** Returns this machine's settings for npm's registry and Node's headers, for npm in the new machine. */
function npmSettings(folder) {
  const env = {};
  for (const name of ['registry', 'proxy', 'https-proxy', 'noproxy', 'cafile', 'nodedir']) {
    const value = outputOf('npm', ['config', 'get', name]).trim();
    if (!['', 'null', 'undefined'].includes(value)) env[`npm_config_${name.replace('-', '_')}`] = value;
  }
  if (env.npm_config_nodedir !== undefined) env.npm_config_nodedir = '/usr';
  if (env.npm_config_cafile !== undefined) {
    cpSync(env.npm_config_cafile, join(folder, 'etc/npm-ca.crt'), { dereference: true });
    env.npm_config_cafile = '/etc/npm-ca.crt';
  }
  return env;
}

async function install(machine, packages) {
  const apt = 'DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends install';
  await successful(`apt-get install ${packages}`, inside(machine, 'root', `apt-get -q update; ${apt} ${packages}`));
}

/** Installs Node.js from npm's registry. That package has the headers beside the program. */
async function installNode(machine) {
  const name = `node-linux-${process.arch}`;
  const script = `mkdir -p /opt/node; cd /opt/node; npm pack ${name}@${options.node}; tar -xf ${name}-*.tgz --strip-components=1`;
  await successful(`Node.js ${options.node}`, inside(machine, 'root', script));
  machine.env = { ...machine.env, npm_config_nodedir: '/opt/node', PATH: '/opt/node/bin:/usr/local/bin:/usr/bin:/bin' };
}

/** Copies the files that git would commit. */
async function checkOut(machine, account, checkout) {
  const folder = join(machine.folder, checkout);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const list = 'git -c safe.directory="*" ls-files -z --cached --others --exclude-standard --deduplicate';
  const copy = `${list} | tar --null --files-from=- --create --ignore-failed-read | tar --extract --directory="$0"`;
  await successful(`a checkout in ${checkout}`, execute('sh', ['-ec', copy, folder], { cwd: root }));
  await successful('its owner', inside(machine, 'root', `chown -R ${account}: ${checkout}; chmod 700 /root`));
}

/** Runs the commands of a scene, and returns how each ended. */
async function play(machine, { name, account, checkout, umask, zone, mounts, packages, commands }) {
  if (packages !== undefined) await install(machine, packages);
  console.log(name);
  const ends = [];
  for (const command of commands) {
    const short = /npm [^>\n]{0,40}/.exec(command)?.[0].trim();
    process.stdout.write(`  ${short}: `);
    const script = `cd ${checkout}; umask ${umask}; export TZ=${zone}; ${command}`;
    const { status, output, seconds } = await inside(machine, account, script, mounts);
    const counts =
      output
        .match(/^# \{ total: .*\}$/gm)
        ?.at(-1)
        ?.slice(2) ?? '';
    const end = `${status === 0 ? 'ok' : `FAILED with ${status}`}, ${seconds} s ${counts}`;
    console.log([end, ...remarkable(output, status)].join('\n    '));
    ends.push({ told: `${name}: ${short}: ${end}`, isRight: status === 0 });
  }
  return ends;
}

/** Runs the test that follows README.md on deployment, in copies of the machine, with packages of Debian and npm. */
async function followReadme({ folder, env }) {
  const name = 'README.md, followed by root';
  console.log(name);
  const options = { cwd: root, env: { ...process.env, ...env, FRESH_DEBIAN: folder } };
  const { status, output, seconds } = await execute('npx', ['tap', 'test/deploy/deploy.test.ts'], options);
  const end = `${status === 0 ? 'ok' : `FAILED with ${status}`}, ${seconds} s`;
  console.log([`  ${end}`, ...remarkable(output, status)].join('\n    '));
  return { told: `${name}: ${end}`, isRight: status === 0 };
}

/** Returns the reasons why tests were skipped. If the command failed, also the failed tests or the last lines. */
function remarkable(output, status) {
  const skipped = new Set(output.match(/# SKIP .*/g));
  if (status === 0) return [...skipped];
  const failed = output.match(/^ *not ok .*$/gm) ?? [];
  return [
    ...skipped,
    ...failed.slice(0, 50),
    ...output
      .trimEnd()
      .split('\n')
      .slice(failed.length > 0 ? -3 : -30),
  ];
}

/** Runs a shell script in the machine. */
function inside(machine, account, script, more = []) {
  const mounts = ['--rbind /dev "$0/dev"', '-t proc proc "$0/proc"', '-t tmpfs tmpfs "$0/dev/shm"', ...more];
  // unshare's signal would not end the shell if it ran as another user than root: chroot does not replace it.
  const enter = `${mounts.map((mount) => `mount ${mount}; `).join('')}chroot "$@"; exit`;
  const env = {
    HOME: account === 'root' ? '/root' : `/home/${account}`,
    USER: account,
    PATH: `/usr/local/bin:/usr/bin:/bin${account === 'root' ? ':/usr/sbin:/sbin' : ''}`,
    ...machine.env,
  };
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const become = account === 'root' ? [] : [`--userspec=${account}:${account}`];
  const inner = [...become, machine.folder, 'env', '-i', ...variables, 'sh', '-ec', script];
  return execute('unshare', [...apart, 'sh', '-ec', enter, machine.folder, ...inner]);
}

async function execute(command, args, options = {}) {
  const began = performance.now();
  // unshare passes no other signal on.
  const stopped = { signal: stop.signal, killSignal: 'SIGKILL' };
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...stopped, ...options });
  const ended = new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [out, errors, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { status, output: out + errors, seconds: Math.round((performance.now() - began) / 1000) };
}

/** Waits for a step of the preparations. */
async function successful(what, running) {
  process.stdout.write(`${what}: `);
  const { status, output, seconds } = await running;
  console.log(`${seconds} s`);
  if (status !== 0) throw new Error(`${output}\n${what}: ended with ${status}`);
}

function outputOf(command, args) {
  return spawnSync(command, args, { encoding: 'utf8' }).stdout ?? '';
}

function parseOptions() {
  const string = { type: 'string' };
  try {
    const { values, positionals } = parseArgs({
      options: { suite: { ...string, default: 'trixie' }, node: string, folder: string, all: { type: 'boolean' } },
      allowPositionals: true,
    });
    return { ...values, files: positionals.join(' ') };
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    process.exit(2);
  }
}

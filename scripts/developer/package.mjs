/**
 * `npm run package`: makes packages/pep381client_VERSION_ARCH.deb, pep381client-VERSION-linux-ARCH.tar.gz and
 * SHA256SUMS, with Debian's own tools. The same sources and compiler make the same bytes. The programs in them run on
 * every Node.js of nodes.mjs; with `--this-node` on that of this machine only, and nothing has to be compiled.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { addNode, bundlePrograms } from './build.mjs';
import { renderCopyright } from './copyright.mjs';
import { compileAddon, fetchNode, supported } from './nodes.mjs';
import { isProgram, orFail, root } from './run.mjs';
import { addon } from './setup.mjs';

const { version, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const templates = join(root, 'scripts/package');
const doc = 'usr/share/doc/pep381client';
const examples = `${doc}/examples`;
/** Where README.md and the files in apache/ have the programs, and where Debian's package has them. */
const [byHand, byPackage] = ['/usr/local/lib/pep381client', '/usr/lib/pep381client'];
/** Who makes a package is its maintainer; the variables are those of Debian's tools. */
const { DEBFULLNAME = 'pep381client maintainers', DEBEMAIL = 'pep381client@example.org' } = process.env;
const maintainer = `${DEBFULLNAME} <${DEBEMAIL}>`;

/** Makes the packages in the folder `out`, which is emptied first. Returns the names of the files. */
export async function makePackages(out, { thisNodeOnly = false } = {}) {
  const missing = ['dpkg-deb', 'dpkg-shlibdeps', 'tar'].filter((tool) => !isProgram(tool));
  if (missing.length > 0) throw new Error(`missing here: ${missing.join(', ')} (apt-get install dpkg-dev tar)`);
  const work = mkdtempSync(join(tmpdir(), 'pep381client-package-'));
  try {
    const architecture = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
    const programs = join(work, 'programs');
    const inputs = await bundlePrograms(programs);
    if (thisNodeOnly) await addNode(programs, process.execPath, stripped(work));
    else await addSupported(programs);
    refuseOther(out);
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out, { recursive: true });
    const quick = thisNodeOnly;
    makeTarball(work, programs, join(out, `pep381client-${version}-linux-${architecture}.tar.gz`));
    makeDeb(work, programs, { architecture, inputs, quick }, join(out, `pep381client_${version}_${architecture}.deb`));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const names = readdirSync(out).sort();
  const sums = names.map((name) => `${sha256(join(out, name))}  ${name}\n`);
  writeFileSync(join(out, 'SHA256SUMS'), sums.join(''));
  return names;
}

/** Returns the path of this Node's addon, as the compiler would have left it if it had been told to. */
function stripped(work) {
  const path = join(work, 'better_sqlite3.node');
  execFileSync('strip', ['--strip-unneeded', '-o', path, join(root, addon)]);
  return path;
}

async function addSupported(programs) {
  for (const nodeVersion of Object.values(supported)) {
    const node = await fetchNode(nodeVersion);
    await addNode(programs, join(node, 'bin/node'), await compileAddon(nodeVersion));
  }
}

/** Seconds since 1970 that stand for the time of everything in the packages. */
function epoch() {
  const { SOURCE_DATE_EPOCH } = process.env;
  if (SOURCE_DATE_EPOCH !== undefined) return Number(SOURCE_DATE_EPOCH);
  const { status, stdout } = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' });
  // An archive of the sources has their time, but no commits.
  return status === 0 ? Number(stdout) : Math.floor(statSync(join(root, 'package.json')).mtimeMs / 1000);
}

/** Throws if there is anything in the folder but packages: it is emptied. */
function refuseOther(folder) {
  const other = existsSync(folder)
    ? readdirSync(folder).find((name) => !/^pep381client[-_].*\.(?:deb|tar\.gz)$|^SHA256SUMS$/.test(name))
    : undefined;
  if (other !== undefined) throw new Error(`${folder}: expected nothing but earlier packages, found ${other}`);
}

/** The programs with their installer, and what README.md copies from a checkout. */
function makeTarball(work, programs, path) {
  const name = basename(path, '.tar.gz');
  const folder = join(work, name);
  cpSync(programs, folder, { recursive: true });
  cpSync(join(root, 'apache'), join(folder, 'apache'), { recursive: true });
  for (const file of ['README.md', 'LICENSE']) cpSync(join(root, file), join(folder, file));
  openToAll(folder);
  const same = ['--sort=name', `--mtime=@${epoch()}`, '--owner=0', '--group=0', '--numeric-owner', '--format=gnu'];
  const archive = execFileSync('tar', ['-c', ...same, name], { cwd: work, maxBuffer: 2 ** 30 });
  writeFileSync(path, gzipSync(archive, { level: 9 }));
}

function makeDeb(work, programs, { architecture, inputs, quick }, path) {
  const tree = join(work, 'deb');
  const put = (to, text) => {
    mkdirSync(dirname(join(tree, to)), { recursive: true });
    writeFileSync(join(tree, to), text);
  };
  const home = `${byPackage}/package`;
  mkdirSync(join(tree, dirname(home)), { recursive: true });
  cpSync(programs, join(tree, home), { recursive: true });
  for (const name of ['man', 'COPYRIGHT']) rmSync(join(tree, home, name), { recursive: true, force: true });
  for (const name of readdirSync(join(tree, home))) useDebiansNode(join(tree, home, name));
  mkdirSync(join(tree, 'usr/bin'), { recursive: true });
  for (const name of ['pep381run', 'pep381checkfiles', 'processlogs']) {
    symlinkSync(`../lib/pep381client/${name}`, join(tree, 'usr/bin', name));
  }
  for (const page of manPages(programs)) put(`usr/share/man/man${page.at(-1)}/${basename(page)}.gz`, packed(page));
  const units = putApache(put);
  put(`${doc}/copyright`, renderCopyright(inputs, 'Apache-2.0: see /usr/share/common-licenses/Apache-2.0'));
  put(`${doc}/README.md.gz`, packed(join(root, 'README.md')));
  const example = [join(programs, 'pep381run.js'), '--example-config'];
  put(`${examples}/mirror.toml`, execFileSync(process.execPath, example));
  const values = {
    VERSION: version,
    ARCHITECTURE: architecture,
    MAINTAINER: maintainer,
    OLDEST_NODE: engines.node.replace('>=', ''),
    DATE: new Date(epoch() * 1000).toUTCString().replace('GMT', '+0000'),
    TRIGGERS: units.filter((unit) => !unit.endsWith('.service')).join(' '),
    SERVICES: units.filter((unit) => unit.endsWith('.service')).join(' '),
  };
  const filled = (name) => fill(readFileSync(join(templates, name), 'utf8'), name, values);
  put(`${doc}/changelog.gz`, gzipSync(filled('changelog'), { level: 9 }));
  Object.assign(values, { LIBRARIES: libraries(work, tree), SIZE: String(kibibytes(tree)) });
  for (const name of ['control', 'postinst', 'prerm', 'postrm']) put(`DEBIAN/${name}`, filled(name));
  put(
    'DEBIAN/conffiles',
    filesBelow(tree, 'etc')
      .map((file) => `/${file}\n`)
      .join(''),
  );
  put(
    'DEBIAN/md5sums',
    filesBelow(tree, 'usr')
      .map((file) => `${md5(join(tree, file))}  ${file}\n`)
      .join(''),
  );
  openToAll(tree);
  for (const script of ['postinst', 'prerm', 'postrm']) chmodSync(join(tree, 'DEBIAN', script), 0o755);
  const compression = quick ? ['-Zgzip', '-z1'] : ['-Zxz', '--threads-max=1'];
  execFileSync('dpkg-deb', ['--root-owner-group', ...compression, '--build', tree, path], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch()) },
  });
}

/** Puts what lies in apache/ where Debian looks for it, and returns the names of systemd's units. */
function putApache(put) {
  const folders = {
    '.conf': 'etc/apache2/sites-available',
    '.service': 'usr/lib/systemd/system',
    '.timer': 'usr/lib/systemd/system',
    '.path': 'usr/lib/systemd/system',
    '.json': examples,
    '.yml': examples,
  };
  const names = readdirSync(join(root, 'apache')).sort();
  for (const name of names) {
    const text = readFileSync(join(root, 'apache', name), 'utf8').replaceAll(byHand, byPackage);
    const folder = folders[extname(name)];
    if (name === 'crontab') put('etc/cron.d/pep381client', disabledCron(text));
    else if (extname(name) === '.logrotate') put(`etc/logrotate.d/${basename(name, '.logrotate')}`, text);
    else if (folder !== undefined) put(`${folder}/${name}`, text);
    else throw new Error(`apache/${name}: scripts/developer/package.mjs knows no place for it`);
  }
  // A template stands for no unit.
  return names.filter((name) => folders[extname(name)] === 'usr/lib/systemd/system' && !name.includes('@'));
}

/**
 * Returns the crontab of a user as one of the system that does nothing yet, and nothing after the package is removed.
 */
export function disabledCron(crontab) {
  const lines = crontab
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, times, program, rest] = /^((?:\S+ ){5})(\/\S+)(.*)$/.exec(line) ?? [];
      return times === undefined ? line : `${times}pypi [ ! -x ${program} ] || ${program}${rest}`;
    });
  const disabled = lines.map((line) => (line === '' || line.startsWith('#') ? line : `#${line}`));
  return `# Not in use as long as these lines begin with #. The units of systemd do the same: see README.md.\n${disabled.join('\n')}\n`;
}

/** Debian's packages use Debian's Node.js, whatever PATH says. */
function useDebiansNode(path) {
  if (statSync(path).isDirectory() || (statSync(path).mode & 0o100) === 0) return;
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(/^#!\/usr\/bin\/env node\n/, '#!/usr/bin/node\n'));
}

/** Returns the dependencies on libraries, as the addons need them. */
function libraries(work, tree) {
  const files = filesBelow(tree, 'usr').filter((file) => file.endsWith('.node'));
  mkdirSync(join(work, 'debian'));
  writeFileSync(join(work, 'debian/control'), 'Source: pep381client\n\nPackage: pep381client\nArchitecture: any\n');
  const args = ['-O', ...files.map((file) => join(tree, file))];
  const out = execFileSync('dpkg-shlibdeps', args, { cwd: work, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return /^shlibs:Depends=(.*)$/m.exec(out)[1];
}

function manPages(programs) {
  const folder = join(programs, 'man');
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

function fill(text, name, values) {
  return text.replace(/@([A-Z_]+)@/g, (_, key) => {
    if (values[key] === undefined) throw new Error(`scripts/package/${name}: unknown @${key}@`);
    return values[key];
  });
}

/** Returns a text that names the paths of the package, compressed. */
function packed(path) {
  const text = readFileSync(path, 'utf8').replaceAll(byHand, byPackage);
  return gzipSync(text.replaceAll('`apache/', `\`/${examples}/`), { level: 9 });
}

function kibibytes(tree) {
  return filesBelow(tree, '.').reduce((sum, file) => sum + Math.ceil(statSync(join(tree, file)).size / 1024), 0);
}

/** Returns the paths of all files below `folder` of `tree`, without links, in the order of their names. */
function filesBelow(tree, folder) {
  const entries = readdirSync(join(tree, folder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((path) => path.slice(tree.length + 1)).sort();
}

/** Gives everything below `folder` the modes that Debian wants; what somebody may start keeps that. */
function openToAll(folder) {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) openToAll(path);
    else if (entry.isFile()) chmodSync(path, (statSync(path).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}

function hashOf(algorithm, path) {
  return createHash(algorithm).update(readFileSync(path)).digest('hex');
}
const md5 = (path) => hashOf('md5', path);
const sha256 = (path) => hashOf('sha256', path);

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: { 'this-node': { type: 'boolean' }, out: { type: 'string', default: join(root, 'packages') } },
  });
  const made = makePackages(values.out, { thisNodeOnly: values['this-node'] === true });
  await orFail(made.then((names) => console.log(names.map((name) => join(values.out, name)).join('\n'))));
}

/** What the programs do on each Node.js that an administrator may have. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openBundle } from '../e2e/bundle.ts';
import { type Ended, run } from '../e2e/program.ts';
import { smallIndex } from '../fixtures/small-index.ts';
import { openSampleServer } from '../sample/sample-server.ts';

interface NodesScript {
  readonly supported: Readonly<Record<number, string>>;
  readonly tooOld: readonly string[];
  fetchedNode(version: string): string | undefined;
}

const url = new URL('../../scripts/developer/nodes.mjs', import.meta.url).href;
const { supported, tooOld, fetchedNode } = (await import(url)) as NodesScript;
const built = await openBundle();
const programs = { pep381run: ['-q'], pep381checkfiles: ['-q'], processlogs: ['-q'] } as const;
const machine = `${process.platform}-${process.arch}`;
const thisMajor = process.versions.node.split('.')[0];

/** Options for a test with this version of Node.js: skipped where it was not fetched. */
function nodeOrReason(version: string): { readonly skip: false | string; readonly node: string } {
  const folder = fetchedNode(version);
  const skip = folder === undefined && `Node.js ${version} is not in .build/nodes: npm test -- --install fetches it`;
  return { skip, node: join(folder ?? '', 'bin/node') };
}

function runBy(node: string, program: string, args: readonly string[]): Promise<Ended> {
  return run(program, args, { command: node });
}

/** Says of each code cache whether V8 takes it. */
const watchCaches = `const vm = require('node:vm');
vm.Script = class extends vm.Script {
  constructor(code, options) {
    super(code, options);
    if (options?.cachedData) console.error('cache accepted: ' + !this.cachedDataRejected);
  }
};
`;

for (const version of tooOld) {
  const { skip, node } = nodeOrReason(version);
  t.test(`Node.js ${version} is too old, which each program says in one line`, { skip }, async (t) => {
    for (const program of [...Object.keys(programs), 'pep381sync.cgi']) {
      t.same(await runBy(node, join(built, program), [join(t.testdir(), 'target')]), {
        code: 2,
        stdout: '',
        stderr:
          program === 'pep381sync.cgi'
            ? `${program}: error: needs Node.js 20.18.1 or later; this is ${version}, ${node}\n`
            : `${program}: error: needs Node.js ${thisMajor} (20.18.1 or later) on ${machine}; this is ${version} on ${machine}, ${node}: put one of those in its place\n`,
      });
    }
    await saysWhatItIs(t, node);
  });
}

for (const version of Object.values(supported).filter((version) => version.split('.')[0] !== thisMajor)) {
  const { skip, node } = nodeOrReason(version);
  t.test(`programs that are not made for Node.js ${version} say so in one line`, { skip }, async (t) => {
    const target = join(t.testdir(), 'target');
    for (const program of Object.keys(programs)) {
      const { code, stderr } = await runBy(node, join(built, program), [target]);
      t.equal(code, 2);
      t.ok(
        stderr.startsWith(`${program}: error: needs Node.js ${thisMajor} (20.18.1 or later) on ${machine}; this is`),
      );
      t.ok(
        stderr.endsWith(
          `, ${node}: put one of those in its place, or build pep381client with this one (npm run build)\n`,
        ),
      );
      t.notOk(existsSync(target));
    }
    await saysWhatItIs(t, node);
    t.match(
      (await runBy(node, join(built, 'pep381sync.cgi'), [])).stdout,
      /^Status: 412 /,
      'which needs nothing of it',
    );
  });
}

/** The folder with the packages that `npm run test:package` has made, for each Node.js. */
const { PACKAGES } = process.env;
const archive = PACKAGES && readdirSync(PACKAGES).find((name) => name.endsWith('.tar.gz'));
const needsPackages = archive === undefined && 'npm run test:package makes packages for each Node.js, and tests them';

for (const version of Object.values(supported)) {
  t.test(`the packages run on Node.js ${version}, with code caches of its own`, { skip: needsPackages }, async (t) => {
    const { node } = nodeOrReason(version);
    const folder = t.testdir({ 'watch.cjs': watchCaches, log: '' });
    execFileSync('tar', ['-xzf', join(PACKAGES ?? '', archive ?? ''), '-C', folder, '--strip-components=1']);
    const server = await openSampleServer({ index: smallIndex() });
    t.teardown(() => server.close());
    const target = join(folder, 'target');
    const watched = ['--require', join(folder, 'watch.cjs')];
    for (const [program, args] of [
      ['pep381run', ['-q', '--upstream', server.url, target]],
      ['pep381run', ['-q', '--upstream', server.url, target]],
      ['pep381checkfiles', ['-q', target]],
      ['processlogs', ['-q', target, join(folder, 'log')]],
    ] as const) {
      const { code, stdout, stderr } = await run(join(folder, program), args, { command: node, node: watched });
      t.same({ code, stdout }, { code: 0, stdout: '' }, program);
      // The cache of a part that programs share fits pep381run.
      t.match(stderr, program === 'pep381run' ? /^(?:cache accepted: true\n)+$/ : /^cache accepted: true\n/, program);
    }
  });
}

const said = new Map<string, Promise<Ended>>();

/** What a program says of itself by the Node.js of the tests. */
function saidByThis(program: string, option: string): Promise<Ended> {
  const what = `${program} ${option}`;
  const ended = said.get(what) ?? runBy(process.execPath, join(built, program), [option]);
  said.set(what, ended);
  return ended;
}

async function saysWhatItIs(t: Test, node: string): Promise<void> {
  // All programs look for the same options.
  for (const [program, option] of [
    ['pep381run', '--version'],
    ['pep381run', '-h'],
    ['pep381checkfiles', '--help'],
    ['processlogs', '--version'],
  ] as const) {
    const ofThis = saidByThis(program, option);
    t.same(await runBy(node, join(built, program), [option]), await ofThis, `${program} ${option}`);
  }
}

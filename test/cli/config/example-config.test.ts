import { join } from 'node:path';
import { parse } from 'smol-toml';
import t from 'tap';
import { readConfigFile } from '../../../src/cli/config/config-file.ts';
import { exampleConfig } from '../../../src/cli/config/example-config.ts';
import { settingNames, settingsFrom } from '../../../src/cli/config/settings.ts';
import { UsageError } from '../../../src/core/errors.ts';
import { knownKinds } from '../../../src/packaging/distribution-name-kinds.ts';
import { parsePolicy, policyKeys } from '../../../src/policy/parse-policy.ts';
import type { Policy } from '../../../src/policy/policy.ts';

const lines = exampleConfig.split('\n');
/** The same with every setting uncommented. */
const whole = lines.map((line) => line.replace(/^#(?=[a-z[])/, '')).join('\n');
const toml = parse(whole);

function policyOf(toml: Readonly<Record<string, unknown>>): Policy {
  return parsePolicy(toml, {
    at: (path) => path,
    compileRegex: (source) => (text) => new RegExp(source.replace('(?i:', '(?:')).test(text),
    reader: { read: () => 'flask==3.0\n', parseToml: (text) => parse(text) },
  });
}

/** What a table may have, by what the parser says to a key that nobody knows. */
function keysOf(table: string, isList: boolean): string[] {
  try {
    policyOf({ [table]: isList ? [{ qqqqqqqq: 1 }] : { qqqqqqqq: 1 } });
  } catch (error) {
    if (error instanceof UsageError)
      return error.message
        .replace(/^.*known are /s, '')
        .replace(/\?$/, '')
        .split(', ');
  }
  throw new Error(`[${table}] takes everything`);
}

t.test('the example configuration sets nothing, and every line is short', async (t) => {
  t.same(parse(exampleConfig), {});
  t.ok(lines.length <= 175);
  t.same(
    lines.filter((line) => line.length > 120 || line.trimEnd() !== line),
    [],
  );
});

t.test('the example configuration has every key, and nothing else', async (t) => {
  t.same(Object.keys(toml).sort(), [...settingNames, ...policyKeys].sort());
});

t.test('the example configuration has every key of every table', async (t) => {
  for (const [table, isList] of [
    ['rule', true],
    ['environment', true],
    ['releases', false],
    ['files', false],
    ['budget', false],
  ] as const) {
    const known = keysOf(table, isList);
    t.ok(known.length > 1, table);
    const given: unknown = toml[table];
    const tables: unknown[] = Array.isArray(given) ? given : [given];
    t.same([...new Set(tables.flatMap((one) => Object.keys(one as object)))].sort(), known.sort(), table);
  }
});

t.test('the uncommented example is accepted, and its settings are the defaults unless they are examples', async (t) => {
  const path = join(t.testdir({ 'mirror.toml': whole }), 'mirror.toml');
  const { given } = readConfigFile(path);
  const { baseUrl, proxy, contact, notify, notifySecretFile, trustedRootFile, ...more } = settingsFrom(given);
  const { signingKeyFile, upstreamKey, upstreamAliases, metricsFile, hooks, storage, ...others } = more;
  const { caFile, clientCertFile, clientKeyFile, netrcFile, noProxy, rateLimit, window, ...usual } = others;
  const keys = { signingKeyFile, upstreamKey, caFile, clientCertFile, clientKeyFile, netrcFile, noProxy, metricsFile };
  const examples = { baseUrl, proxy, contact, notify, notifySecretFile, trustedRootFile, ...keys };
  t.ok(
    Object.values({ ...examples, notify: notify[0], noProxy: noProxy[0] }).every((value) => typeof value === 'string'),
  );
  t.equal(upstreamAliases.length, 1);
  t.match(hooks, { afterRun: [/^\//], onAlarm: [/^\//, '--urgent'], timeoutSeconds: 600 });
  t.match(storage, {
    bucket: /./,
    endpoint: /^https:/,
    publicUrl: /^https:/,
    credentialsFile: /^\//,
    leaseMs: 1_800_000,
  });
  t.match([rateLimit, window], [20_000_000, { from: 1320, to: 360 }]);
  const defaults = settingsFrom(new Map());
  t.same(
    {
      ...usual,
      ...examples,
      hooks: defaults.hooks,
      storage: undefined,
      upstreamAliases: [],
      rateLimit: undefined,
      window: undefined,
    },
    { ...defaults, ...examples },
  );
});

t.test('the uncommented policy is accepted without a warning', async (t) => {
  const policy = policyOf(toml);
  t.same(policy.warnings, []);
  t.equal(policy.rules.length, 5);
  const { dependencies, unmirrored, releases } = policy;
  const none = policyOf({});
  t.same([dependencies, unmirrored], [none.dependencies, none.unmirrored], 'these two have their defaults');
  t.same([releases.noPrereleases, releases.noYanked, releases.keep?.value.per], [undefined, undefined, 'project']);
});

t.test('the example configuration names every kind of file', async (t) => {
  for (const kind of knownKinds) t.match(exampleConfig, new RegExp(`[ ,]${kind}[,.]`), kind);
});

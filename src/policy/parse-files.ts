import { type DistributionKind, kindNamed, knownKinds } from '../packaging/distribution-name-kinds.ts';
import type { LibcVersion } from '../packaging/platform-tag.ts';
import { knownMachines, machineNamed } from '../packaging/platform-tag-machines.ts';
import { knownSystems, systemNamed } from '../packaging/platform-tag-systems.ts';
import { pythonNamed } from '../packaging/python-tag.ts';
import type { WheelFilter } from '../packaging/wheel-tags.ts';
import { type ConfigValue, fieldsOf, itemsOf, locationOf, namedOf, oneOf, textOf, unexpected } from './config-value.ts';
import { installTargetsOf } from './install-targets.ts';
import { ruled, sizeOf } from './parse-releases.ts';
import type { FileRules } from './policy.ts';
import type { Ruled } from './reason.ts';
import { fileKeys, wheelFilterKeys } from './rule-traits.ts';

/** Reads `[files]`. Adds a line to `warnings` for settings that are probably mistakes. Throws UsageError. */
export function parseFiles(given: ConfigValue | undefined, warnings: string[]): FileRules {
  const fields = fieldsOf(given, fileKeys);
  const wheelFilters = wheelFilterKeys.flatMap((key) => {
    const field = fields.get(key);
    const wheelFilter = field === undefined || isEmptyList(field) ? undefined : ruled(field, wheelFilterParsers[key]);
    return wheelFilter === undefined ? [] : [wheelFilter];
  });
  const wheelFilter: WheelFilter = {};
  for (const { value } of wheelFilters) Object.assign(wheelFilter, value);
  const { installTargets, unmatchedSystems } = installTargetsOf(wheelFilter);
  const machines = fields.get('machines');
  for (const system of machines === undefined ? [] : unmatchedSystems) {
    warnings.push(`${machines && locationOf(machines)}: files.machines: none of them runs ${system}`);
  }
  return {
    kinds: ruled(notEmpty(fields.get('kinds')), kindsOf),
    sdists: sdistsOf(fields.get('sdists')),
    wheelFilter: wheelFilters.length === 0 ? undefined : wheelFilter,
    wheelFilters,
    installTargets,
    maxSize: ruled(fields.get('max-size'), sizeOf),
    maxProjectSize: ruled(fields.get('max-project-size'), sizeOf),
  };
}

const wheelFilterParsers: Readonly<Record<keyof WheelFilter, (given: ConfigValue) => WheelFilter>> = {
  systems: (given) => ({ systems: each(given, (item) => namedOf(item, systemNamed, 'a system', knownSystems)) }),
  machines: (given) => ({ machines: each(given, (item) => namedOf(item, machineNamed, 'a machine', knownMachines)) }),
  pythons: (given) => ({ pythons: each(given, pythonOf) }),
  abis: (given) => ({ abis: each(given, abiOf) }),
  glibc: (given) => ({ glibc: libcOf(given) }),
  musl: (given) => ({ musl: libcOf(given) }),
};

function each<T>(given: ConfigValue, parse: (item: ConfigValue) => T): T[] {
  return itemsOf(given).map(parse);
}

/** Returns the kinds of files. Wheels include the variants file, which installers need to choose among them. */
function kindsOf(given: ConfigValue): ReadonlySet<DistributionKind> {
  const kinds = new Set(each(given, (item) => namedOf(item, kindNamed, 'a kind of file', knownKinds)));
  if (kinds.has('wheel')) kinds.add('variants');
  return kinds;
}

function sdistsOf(given: ConfigValue | undefined): FileRules['sdists'] {
  const found: Ruled<'yes' | 'no' | 'where-no-wheel-fits'> | undefined = ruled(given, (field) =>
    oneOf(field, ['yes', 'no', 'where-no-wheel-fits']),
  );
  return found === undefined || found.value === 'yes' ? undefined : { value: found.value, because: found.because };
}

function pythonOf(given: ConfigValue) {
  return pythonNamed(textOf(given)) ?? unexpected(given, 'a Python such as "3.12", "3.13t" or "pypy3.10"');
}

function abiOf(given: ConfigValue): string {
  const abi = textOf(given).toLowerCase();
  return /^[a-z][a-z0-9_]*$/.test(abi) ? abi : unexpected(given, 'an ABI tag such as "abi3" or "cp312"');
}

function libcOf(given: ConfigValue): LibcVersion {
  const [, major, minor] = (typeof given.value === 'string' && /^(\d{1,3})\.(\d{1,3})$/.exec(given.value)) || [];
  return major === undefined ? unexpected(given, 'a version in quotes such as "2.28"') : [Number(major), Number(minor)];
}

/** Returns undefined for an empty list, which restricts nothing. */
function notEmpty(given: ConfigValue | undefined): ConfigValue | undefined {
  return given !== undefined && isEmptyList(given) ? undefined : given;
}

function isEmptyList({ value }: ConfigValue): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** What a check takes from `mirror.toml`, which it reads once: somebody may change it during the days that it takes. */
import type { Policy } from '../../policy/policy.ts';
import { type ConfigFile, readConfigFile } from '../config/config-file.ts';
import { readPolicy } from '../config/policy-file.ts';
import { type Settings, settingsFrom } from '../config/settings.ts';
import type { Target } from '../target/target.ts';

export interface CheckConfig {
  readonly file: ConfigFile;
  readonly settings: Settings;
  /** Returns the policy, which few checks need. Throws UsageError. */
  readPolicy(): Promise<Policy | undefined>;
}

/** Reads the `mirror.toml` of a target. Throws UsageError. */
export function readCheckConfig({ config }: Target): CheckConfig {
  const file = readConfigFile(config);
  const settings = settingsFrom(file.given);
  let policy: Promise<Policy | undefined> | undefined;
  const read = (): Promise<Policy | undefined> => {
    policy ??= readPolicy(file, settings);
    return policy;
  };
  return { file, settings, readPolicy: read };
}

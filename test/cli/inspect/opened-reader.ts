/** Opens a test mirror for inspection, as the program opens a target. */

import { settingsFrom } from '../../../src/cli/config/settings.ts';
import { openReader, type Reader } from '../../../src/cli/inspect/open-reader.ts';
import { renderWhy } from '../../../src/cli/inspect/render-why.ts';
import { explain, isFound, parseSubject, type Why } from '../../../src/cli/inspect/why.ts';
import { pathsOf } from '../../../src/cli/target/target.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import type { TestMirror } from '../../fixtures/test-mirror.ts';

/** Calls `look` with a reader of `mirror`, whose clock it shares. */
export async function withReader<T>(
  mirror: TestMirror,
  policy: Policy | undefined,
  look: (reader: Reader) => Promise<T>,
  more: Partial<Reader['settings']> = {},
): Promise<T> {
  const settings = { ...settingsFrom(new Map()), upstream: mirror.server.url, ...more };
  const { reader, close } = openReader({ target: pathsOf(mirror.target), settings, policy });
  try {
    return await look({ ...reader, now: () => mirror.clock.now() });
  } finally {
    close();
  }
}

/** What `--why` finds out, and prints. */
export interface Explained {
  readonly why: Why;
  readonly found: boolean;
  readonly text: readonly string[];
  /** `held sample_app-1.0.tar.gz mirror.toml:1 (sample-app)` for each file. */
  readonly files: readonly string[];
}

/** Asks `--why text` of the mirror as `policy` would have it. */
export function ask(
  mirror: TestMirror,
  policy: Policy | undefined,
  text: string,
  more: Partial<Reader['settings']> = {},
): Promise<Explained> {
  const subject = parseSubject(text);
  const look = async (reader: Reader): Promise<Explained> => {
    const why = await explain(reader, subject);
    const files = why.files.map(({ filename, state, because }) => {
      const { where, text: rule, detail } = because ?? {};
      return [state, filename, where, rule, detail].filter((part) => part !== undefined).join(' | ');
    });
    return { why, found: isFound(subject, why), text: renderWhy(subject, why, mirror.target), files };
  };
  return withReader(mirror, policy, look, more);
}

/** What README.md and pep381sync.cgi(8) say of each variable, in Markdown. Only the build and tests load this file. */
import type { SyncVariable } from './sync-settings.ts';

export const syncVariableTexts: Readonly<Record<SyncVariable, string>> = {
  PYPITARGET: 'the target (default: `/pypi`). If it does not exist, the answer is 412',
  PEP381_SYNC_MODE: '`start` (default), or `flag`, as shipped: only set the flag, and answer 202',
  PEP381_SYNC_USER: 'run as this user, through `sudo`',
  PEP381_SYNC_SECRET_FILE: 'accept signed requests only; an empty or unreadable file closes `/sync`',
};

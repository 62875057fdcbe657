/**
 * Every option of bandersnatch 8 with its conversion. A text is the reason why an option has no equivalent; to add one,
 * replace it by a function.
 */
import { confText, type ImportSource, type Meaning, note, type Outcome } from './bandersnatch-conversion.ts';

/** The options of the section `[mirror]`. */
export const mirrorOptions: ReadonlyMap<string, Meaning> = new Map(
  Object.entries<Meaning>({
    directory: 'the target is given on the command line',
    storage_backend: 'a mirror is a folder, nothing else',
    storage_filesystem_manage_permissions: 'new files have the permissions that the setting umask leaves',
    master: upstream,
    allow_non_https: (value) => flag('allow-http', value),
    proxy,
    download_mirror: 'files come from where the index says; file-hosts names the hosts that are trusted',
    download_mirror_no_fallback: 'files come from where the index says',
    json: 'the legacy JSON API is not mirrored',
    release_files: (value) => flag('index-only', value, false),
    core_metadata: 'core metadata is always mirrored with its file',
    root_uri: 'links are relative, or with index-only those of upstream',
    simple_format: 'pages are always written in HTML and JSON',
    hash_index: 'project folders are never grouped by letter',
    digest_name: 'pages name every hash that upstream names; files are checked by sha256',
    compare_method: 'what is held is remembered, so that no file has to be read again',
    keep_index_versions: 'old pages are not kept',
    diff_file: 'there is no list of changed files',
    diff_append_epoch: 'there is no list of changed files',
    cleanup: 'folders always have normalized names',
    workers,
    verifiers: 'files are verified while they are downloaded',
    stop_on_error: 'a project that fails never stops the others, and is tried again by later runs',
    timeout: 'time limits need no setting',
    global_timeout: 'time limits need no setting; an interrupted download goes on where it was',
    log_config: 'there is no logging configuration; log-format = "json" writes lines for programs',
    api_method: 'changes are learned from the changelog, else from the list of projects',
    delete_packages: 'what upstream removed is always removed, into the trash',
  }),
);

/** Sections that belong to no filter, with the reason why they are not needed. */
export const otherSections: ReadonlyMap<string, string> = new Map([['s3', 'a mirror is a folder, nothing else']]);

function upstream(value: string, source: ImportSource): Outcome {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return note('left out: this is no address of an index');
  if (url.username + url.password + url.search + url.hash !== '') {
    return note('left out: the address has a password, a query or a fragment');
  }
  if (url.protocol === 'http:' && booleanOf(confText(source, 'mirror', 'allow_non_https')) !== true) {
    return note('left out: plain http needs allow-non-https, here allow-http');
  }
  return { settings: [{ name: 'upstream', value: `${url.origin}${url.pathname}`.replace(/\/+$/, '') }] };
}

function proxy(value: string): Outcome {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || value !== url.origin) {
    return note(
      'left out: expected an address such as http://proxy.example:3128; one with a password is for you to write',
    );
  }
  return { settings: [{ name: 'proxy', value }] };
}

function workers(value: string): Outcome {
  const number = /^\d{1,3}$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > 100) return note('left out: expected a whole number from 1 to 100');
  return {
    settings: [{ name: 'workers', value: number }],
    notes: ['these are connections now, no longer projects'],
  };
}

/** Returns the setting `name`. Its value is `whenTrue` if the option is true, else the opposite. */
function flag(name: string, value: string, whenTrue = true): Outcome {
  const boolean = booleanOf(value);
  if (boolean === undefined) return note('left out: expected true or false');
  return { settings: [{ name, value: boolean === whenTrue }] };
}

function booleanOf(value: string): boolean | undefined {
  if (/^(?:1|yes|true|on)$/i.test(value)) return true;
  return /^(?:0|no|false|off)$/i.test(value) ? false : undefined;
}

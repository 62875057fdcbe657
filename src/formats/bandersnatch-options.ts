/**
 * Every option and filter of bandersnatch 8, and what becomes of it here. To give one an equivalent, replace its text,
 * which tells why it has none, by a function.
 */
import { projectName } from '../core/names.ts';
import type { BandersnatchConf } from './bandersnatch-conf.ts';
import type { TomlValue } from './render-toml.ts';

/** What becomes of an option: a setting of `mirror.toml`, notes for the person who reads it, or both. */
export interface Outcome {
  readonly name?: string;
  readonly value?: TomlValue;
  readonly notes?: readonly string[];
}

/** Reads an option; or the reason why there is nothing to read. */
export type Meaning = string | ((value: string, conf: BandersnatchConf) => Outcome);

/** A filter, which works only when `[plugins] enabled` names it. */
export interface Filter {
  /** Its settings, as `section.key`; a key of `*` stands for all of the section. */
  readonly reads: readonly string[];
  /** Settings that are another filter's, and do not make this one work. */
  readonly alsoReads?: readonly string[];
  /** It filters something even without settings. */
  readonly worksAlone?: true;
  /** Of the first of its settings that is there. */
  readonly meaning: Meaning;
}

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

/** The filters that `[plugins] enabled` can name. */
export const filters: ReadonlyMap<string, Filter> = new Map(
  Object.entries<Filter>({
    allowlist_project: { reads: ['allowlist.packages'], meaning: projects },
    allowlist_release: {
      reads: ['allowlist.packages'],
      meaning: 'no equivalent: all releases are mirrored',
    },
    blocklist_project: {
      reads: ['blocklist.packages'],
      meaning: 'no equivalent: these projects are mirrored too',
    },
    blocklist_release: {
      reads: ['blocklist.packages'],
      meaning: 'no equivalent: these releases are mirrored too',
    },
    project_requirements: {
      reads: ['allowlist.requirements', 'allowlist.requirements_path'],
      meaning: 'no equivalent: write the names of the projects into projects',
    },
    project_requirements_pinned: {
      reads: ['allowlist.requirements', 'allowlist.requirements_path'],
      meaning: 'no equivalent: all releases are mirrored',
    },
    regex_project: {
      reads: ['filter_regex.packages'],
      meaning: 'no equivalent: these projects are mirrored too',
    },
    regex_release: {
      reads: ['filter_regex.releases'],
      meaning: 'no equivalent: these releases are mirrored too',
    },
    prerelease_release: {
      reads: ['filter_prerelease.packages'],
      worksAlone: true,
      meaning: 'no equivalent: prereleases are mirrored too',
    },
    latest_release: {
      reads: ['latest_release.keep', 'latest_release.sort_by'],
      meaning: 'no equivalent: old releases are mirrored too',
    },
    exclude_platform: {
      reads: ['blocklist.platforms'],
      meaning: 'no equivalent: files for all platforms are mirrored',
    },
    regex_project_metadata: {
      reads: ['regex_project_metadata.*'],
      meaning: 'no equivalent: projects are mirrored whatever their metadata say',
    },
    regex_release_file_metadata: {
      reads: ['regex_release_file_metadata.*'],
      meaning: 'no equivalent: files are mirrored whatever their metadata say',
    },
    version_range_project_metadata: {
      reads: ['version_range_project_metadata.*'],
      meaning: 'bandersnatch 8 does not offer this filter, so it did nothing',
    },
    version_range_release_file_metadata: {
      reads: ['version_range_release_file_metadata.*'],
      meaning: 'no equivalent: files for all versions of Python are mirrored',
    },
    size_project_metadata: {
      reads: ['size_project_metadata.max_package_size'],
      alsoReads: ['allowlist.packages'],
      meaning: 'no equivalent: projects of any size are mirrored',
    },
    versions_count_project_metadata: {
      reads: ['versions_count_project_metadata.min_versions', 'versions_count_project_metadata.max_versions'],
      meaning: 'no equivalent: projects with any number of versions are mirrored',
    },
  }),
);

/** Sections that belong to no filter, and why nothing in them is needed. */
export const otherSections: ReadonlyMap<string, string> = new Map([['s3', 'a mirror is a folder, nothing else']]);

function note(text: string): Outcome {
  return { notes: [text] };
}

function upstream(value: string, conf: BandersnatchConf): Outcome {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return note('left out: this is no address of an index');
  if (url.username + url.password + url.search + url.hash !== '') {
    return note('left out: the address has a password, a query or a fragment');
  }
  if (url.protocol === 'http:' && booleanOf(conf.get('mirror')?.get('allow_non_https')?.value ?? '') !== true) {
    return note('left out: plain http needs allow-non-https, here allow-http');
  }
  return { name: 'upstream', value: `${url.origin}${url.pathname}`.replace(/\/+$/, '') };
}

function proxy(value: string): Outcome {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || value !== url.origin) {
    return note(
      'left out: expected an address such as http://proxy.example:3128; one with a password is for you to write',
    );
  }
  return { name: 'proxy', value };
}

function workers(value: string): Outcome {
  const number = /^\d{1,3}$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > 100) return note('left out: expected a whole number from 1 to 100');
  return { name: 'workers', value: number, notes: ['these are connections now, no longer projects'] };
}

/** The setting `name`; `whenTrue` is what it is when the option is true. */
function flag(name: string, value: string, whenTrue = true): Outcome {
  const boolean = booleanOf(value);
  return boolean === undefined ? note('left out: expected true or false') : { name, value: boolean === whenTrue };
}

function booleanOf(value: string): boolean | undefined {
  if (/^(?:1|yes|true|on)$/i.test(value)) return true;
  return /^(?:0|no|false|off)$/i.test(value) ? false : undefined;
}

/** The names; bandersnatch leaves what follows them on their line to allowlist_release. */
function projects(value: string): Outcome {
  const lines = value.split('\n').map((line) => line.replace(/#.*/, '').trim());
  const named = lines.filter((line) => line !== '').map((line) => /^[A-Za-z0-9._-]*/.exec(line)?.[0] ?? '');
  const names = new Set(named.map(projectName).filter((name) => name !== undefined));
  const missed = named.filter((name) => projectName(name) === undefined).length;
  const notes = missed === 0 ? [] : [`left out: ${missed} of the lines, which begin with no valid project name`];
  if (names.size === 0) return { notes: [...notes, 'an empty list lets everything pass: all projects are mirrored'] };
  return { name: 'projects', value: [...names], notes };
}

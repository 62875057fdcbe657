/**
 * Every filter of bandersnatch 8 with its conversion. A text is the reason why a filter has no equivalent; to add one,
 * replace it by a function.
 */
import { blockedProjects, blockedRegexes, blockedReleases } from './bandersnatch-blocklist.ts';
import type { Meaning } from './bandersnatch-conversion.ts';
import { latestReleases, noPrereleases, otherPlatforms } from './bandersnatch-limits.ts';
import { allowedProjects, allowedReleases, pinnedRequirements, requiredProjects } from './bandersnatch-projects.ts';

/** A filter. It works only if `[plugins] enabled` names it. */
export interface Filter {
  /** Its settings as `section.key`. The key `*` stands for the whole section. */
  readonly reads: readonly string[];
  /** Settings of other filters that it reads too. They alone do not make it work. */
  readonly alsoReads?: readonly string[];
  /** True if it works even without settings. */
  readonly worksAlone?: true;
  /** Converts the first of its settings that exists. */
  readonly meaning: Meaning;
}

/** The filters that `[plugins] enabled` can name. */
export const filters: ReadonlyMap<string, Filter> = new Map(
  Object.entries<Filter>({
    allowlist_project: { reads: ['allowlist.packages'], meaning: allowedProjects },
    allowlist_release: { reads: ['allowlist.packages'], meaning: allowedReleases },
    blocklist_project: { reads: ['blocklist.packages'], meaning: blockedProjects },
    blocklist_release: { reads: ['blocklist.packages'], meaning: blockedReleases },
    project_requirements: {
      reads: ['allowlist.requirements', 'allowlist.requirements_path'],
      meaning: requiredProjects,
    },
    project_requirements_pinned: {
      reads: ['allowlist.requirements', 'allowlist.requirements_path'],
      meaning: pinnedRequirements,
    },
    regex_project: { reads: ['filter_regex.packages'], meaning: blockedRegexes },
    regex_release: {
      reads: ['filter_regex.releases'],
      meaning: 'no equivalent: these releases are mirrored too',
    },
    prerelease_release: {
      reads: ['filter_prerelease.packages'],
      worksAlone: true,
      meaning: noPrereleases,
    },
    latest_release: { reads: ['latest_release.keep', 'latest_release.sort_by'], meaning: latestReleases },
    exclude_platform: { reads: ['blocklist.platforms'], meaning: otherPlatforms },
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
      meaning: 'no equivalent: projects of any size are mirrored; max-project-size leaves out old releases, no project',
    },
    versions_count_project_metadata: {
      reads: ['versions_count_project_metadata.min_versions', 'versions_count_project_metadata.max_versions'],
      meaning: 'no equivalent: projects with any number of versions are mirrored',
    },
  }),
);

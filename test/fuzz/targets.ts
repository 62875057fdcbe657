import type { FuzzTarget } from './fuzz-target.ts';
import { accessLog } from './targets/access-log.ts';
import { bandersnatchConf } from './targets/bandersnatch-conf.ts';
import { changeFeed } from './targets/change-feed.ts';
import { coreMetadata } from './targets/core-metadata.ts';
import { fileName } from './targets/file-name.ts';
import { localStats } from './targets/local-stats.ts';
import { lockFiles } from './targets/lock-files.ts';
import { mirrorToml } from './targets/mirror-toml.ts';
import { pickle } from './targets/pickle.ts';
import { policy } from './targets/policy.ts';
import { projectList } from './targets/project-list.ts';
import { requirements } from './targets/requirement.ts';
import { requirementsFile } from './targets/requirements-file.ts';
import { simpleHtml } from './targets/simple-html.ts';
import { simpleJson } from './targets/simple-json.ts';
import { storeXml } from './targets/store-xml.ts';
import { userAgent } from './targets/user-agent.ts';
import { version } from './targets/version.ts';
import { xmlRpc } from './targets/xml-rpc.ts';

/** Every parser of foreign text. */
export const fuzzTargets: readonly FuzzTarget[] = [
  simpleJson,
  simpleHtml,
  projectList,
  changeFeed,
  xmlRpc,
  mirrorToml,
  policy,
  bandersnatchConf,
  requirementsFile,
  ...lockFiles,
  requirements,
  version,
  fileName,
  coreMetadata,
  accessLog,
  userAgent,
  localStats,
  pickle,
  storeXml,
];

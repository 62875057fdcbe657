/** What pip reads in a requirements file, by its own parser. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { runPython } from '../../sample/run-python.ts';

/** One requirement that pip reads; undefined fields are those that it does not have. */
export interface PipRequirement {
  /** Undefined when it names a URL or a path. */
  readonly name?: string;
  readonly extras: readonly string[];
  /** Without white space, in the order of the alphabet. */
  readonly clauses: readonly string[];
  readonly hasUrl: boolean;
  readonly hasMarker: boolean;
  readonly isConstraint: boolean;
  readonly hashes: readonly string[];
  /** The path of the file, and the line. */
  readonly file: string;
  readonly line: number;
}

const program = `
import json, logging, os, re, sys
from pip._internal.req.constructors import install_req_from_parsed_requirement
from pip._internal.req.req_file import parse_requirements
from pip._vendor.packaging.utils import canonicalize_name

logging.disable(logging.CRITICAL)

def told(parsed):
    found = re.match(r"-[rc] (.*) \\(line (\\d+)\\)$", parsed.comes_from)
    # In pip 25 the path of a file that is included is absolute.
    where = {"file": os.path.relpath(found[1]), "line": int(found[2]), "isConstraint": parsed.constraint}
    options = parsed.options or {}
    hashes = sorted({a + ":" + h for a, all in options.get("hashes", {}).items() for h in all})
    plain = {"extras": [], "clauses": [], "hasUrl": True, "hasMarker": False, "hashes": hashes, **where}
    # In pip 25 a requirement before an -e is editable, in pip 23 the -e is passed over: it is asked for by both.
    fields = ["requirement", "comes_from", "constraint", "options", "line_source"]
    asked = type(parsed)(is_editable=False, **{field: getattr(parsed, field) for field in fields})
    made = install_req_from_parsed_requirement(asked)
    if made.req is None or (made.link is not None and made.req.url is None):
        return plain
    return {
        **plain,
        "name": canonicalize_name(made.req.name),
        "extras": sorted(canonicalize_name(extra) for extra in made.extras),
        "clauses": sorted(str(clause) for clause in made.req.specifier),
        "hasUrl": made.req.url is not None,
        "hasMarker": made.markers is not None,
    }

def read(path):
    try:
        return [told(parsed) for parsed in parse_requirements(path, session=None)]
    except (Exception, SystemExit) as error:
        return None

os.chdir(sys.argv[1])
json.dump([read(path) for path in json.load(sys.stdin)], sys.stdout)
`;

/** The reason to skip a test that needs {@link readByPip}, or `false`. */
export async function lacksPip(): Promise<string | false> {
  const needed =
    'from pip._internal.req.req_file import parse_requirements, join_lines; import pip._vendor.packaging.utils';
  return runPython('-c', needed).then(
    () => false as const,
    () => 'python3 has no pip whose parser can be asked: apt-get install python3-pip',
  );
}

/** What pip reads in each of the files at `paths`, relative to `folder`; null for a file that it refuses. */
export async function readByPip(
  folder: string,
  paths: readonly string[],
): Promise<readonly (readonly PipRequirement[] | null)[]> {
  const child = spawn('python3', ['-c', program, folder], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH, HOME: folder, PIP_CONFIG_FILE: '/dev/null' },
  });
  child.stdin.end(JSON.stringify(paths));
  return JSON.parse(await text(child.stdout));
}

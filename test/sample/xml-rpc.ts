/** PyPI's XML-RPC interface, as far as it still serves mirrors. */

import type { JournalRow } from './sample-model.ts';

/** The parts of an index that the interface needs. */
export interface Changelog {
  readonly serial: number;
  /** Returns the rows above the serial, oldest first, at most `limit`. */
  changesSince(serial: number, limit: number): readonly JournalRow[];
  /** Returns all projects, including quarantined ones. */
  projects(): Iterable<{ readonly displayName: string; readonly serial: number }>;
}

/** Returns the name of the called method, or an empty text if the body is no call. */
export const methodName = (request: string): string =>
  /<methodName>\s*([^<]*?)\s*<\/methodName>/.exec(request)?.[1] ?? '';

/** Answers a request. `pageSize` is the largest number of rows in a changelog page. */
export const answerXmlRpc = (request: string, index: Changelog, pageSize = 50_000): string => {
  const method = methodName(request);
  if (retired.has(method))
    return xmlRpcFault(-32500, `RuntimeError: PyPI no longer supports the XMLRPC ${method} method.`);
  switch (method) {
    case 'changelog_last_serial':
      return response(integer(index.serial));
    case 'changelog_since_serial': {
      const since = /<param>\s*<value>\s*<(?:int|i4)>(-?\d+)</.exec(request)?.[1];
      if (since === undefined) return xmlRpcFault(-32602, 'server error; invalid method parameters');
      return response(array(index.changesSince(Number(since), pageSize).map(row)));
    }
    case 'list_packages_with_serial':
      return response(`<struct>${[...index.projects()].map(member).join('')}</struct>`);
    default:
      return xmlRpcFault(-32601, 'server error; requested method not found');
  }
};

/** Returns a fault reply. */
export const xmlRpcFault = (code: number, text: string): string => {
  const members = `<member><name>faultCode</name><value>${integer(code)}</value></member>
<member><name>faultString</name><value>${string(text)}</value></member>`;
  return `<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n${members}\n</struct></value>\n</fault>\n</methodResponse>\n`;
};

const retired = new Set(
  'changelog list_packages package_releases release_urls release_data search package_data package_urls top_packages'
    .split(' ')
    .concat('system.multicall'),
);

const response = (value: string): string =>
  `<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value>${value}</value>\n</param>\n</params>\n</methodResponse>\n`;

const row = ([name, version, timestamp, action, serial]: JournalRow): string =>
  array([string(name), string(version), integer(timestamp), string(action), integer(serial)]);

const member = ({ displayName, serial }: { displayName: string; serial: number }): string =>
  `<member>\n<name>${escaped(displayName)}</name>\n<value>${integer(serial)}</value>\n</member>\n`;

const array = (values: readonly string[]): string =>
  `<array><data>\n${values.map((value) => `<value>${value}</value>\n`).join('')}</data></array>`;

const integer = (value: number): string => `<int>${value}</int>`;

const string = (value: string | null): string => (value === null ? '<nil/>' : `<string>${escaped(value)}</string>`);

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

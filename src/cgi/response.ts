/** The answers of `/sync`. The first two are those of 1.5, byte for byte. */

export interface CgiResponse {
  /** Header lines. Without `Status` the status is 200. */
  readonly headers: readonly string[];
  readonly body: string;
}

export const responses = {
  started: { headers: ['Content-Type: text/plain'], body: 'Mirroring started' },
  noTarget: {
    headers: ['Status: 412 Precondition failed', 'Content-type: text/plain'],
    body: 'PyPI mirror targetdir not configured',
  },
  requested: answer('202 Accepted', 'Mirroring requested'),
  notFound: answer('404 Not Found', 'Nothing here'),
  notAllowed: answer('405 Method Not Allowed', 'Use GET, HEAD or POST', 'Allow: GET, HEAD, POST'),
  tooSlow: answer('408 Request Timeout', 'The body did not come within 5 seconds'),
  busy: answer('503 Service Unavailable', 'Too many requests wait for their bodies', 'Retry-After: 10'),
  tooLong: answer('413 Content Too Large', 'The body is longer than 4096 bytes'),
  tooMany: answer('429 Too Many Requests', 'Too many signed requests', 'Retry-After: 600'),
  broken: answer('500 Internal Server Error', 'Mirroring could not be started; the error log says why'),
} as const satisfies Record<string, CgiResponse>;

/** Returns the answer to a client that may not start a run. */
export function forbidden(reason: string): CgiResponse {
  return answer('403 Forbidden', reason);
}

/** Renders the answer for the web server, with lines that end with LF, as in 1.5. A HEAD request gets no body. */
export function renderResponse({ headers, body }: CgiResponse, method: string): string {
  return `${headers.join('\n')}\n\n${method === 'HEAD' ? '' : `${body}\n`}`;
}

function answer(status: string, body: string, ...headers: readonly string[]): CgiResponse {
  return { headers: [`Status: ${status}`, 'Content-Type: text/plain', ...headers], body };
}

/**
 * A minimal HTTP client for tests. It follows no redirects, unpacks nothing, and opens a new connection for each
 * request.
 */

import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** A response as sent. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The options of a request, which is a GET by default. */
export interface HttpOptions {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
  /** Called with each piece of the body, early enough to abort. */
  readonly onData?: (chunk: Buffer) => void;
  readonly signal?: AbortSignal;
}

/** Sends a request. Rejects if the connection breaks before the body is complete. */
export const httpRequest = (url: string, options: HttpOptions = {}): Promise<HttpResponse> => {
  const { method = 'GET', headers = {}, body, onData, signal } = options;
  return new Promise((resolve, reject) => {
    const client = request(url, { method, headers, agent: false, ...(signal && { signal }) }, (response) => {
      if (onData !== undefined) response.on('data', onData);
      buffer(response).then(
        (all) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: all }),
        reject,
      );
    });
    client.on('error', reject);
    client.end(body);
  });
};

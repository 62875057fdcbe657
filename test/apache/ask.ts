import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** An HTTP reply, exactly as sent: nothing followed, nothing decompressed. */
export interface Reply {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What to send besides the path. */
export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends one request whose path is taken as it is, `%2e%2e` included, with no headers but `Host` and those given. */
export async function ask(url: string, path: string, question: Question = {}): Promise<Reply> {
  const { method = 'GET', headers = {}, body = '' } = question;
  const { hostname, port } = new URL(url);
  const sent = request({
    hostname,
    port,
    path,
    method,
    headers,
    agent: false,
  }).end(body);
  const [reply] = (await once(sent, 'response')) as [IncomingMessage];
  return {
    status: reply.statusCode,
    headers: reply.headers,
    body: await buffer(reply),
  };
}

/** The media type without its parameters. */
export function typeOf(reply: Reply): string | undefined {
  return reply.headers['content-type']?.split(';')[0];
}

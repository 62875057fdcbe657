/** What the web server tells a CGI program, as far as it matters here. The command line is never looked at: it is the client's. */

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface CgiRequest {
  readonly method: string;
  /** What stood in the address after the program's own. */
  readonly pathInfo: string;
  readonly timestamp: string;
  readonly signature: string;
  readonly body: Buffer;
  readonly isTooLong: boolean;
}

/** The longest body that is accepted. */
export const longestBody = 4096;
/** So much is read and thrown away for a client that sends more, as a client hears nothing before it has sent all. */
const longestDrain = 1 << 20;

/** Reads the request, its body to the end: a body that is left unread stalls the reply under mod_cgid for 5 seconds. */
export async function readCgiRequest(env: Environment, input: AsyncIterable<Buffer>): Promise<CgiRequest> {
  const method = env.REQUEST_METHOD ?? 'GET';
  const announced = Number(env.CONTENT_LENGTH ?? 0);
  const mayHaveBody = announced > 0 || env.HTTP_TRANSFER_ENCODING !== undefined || !/^(?:GET|HEAD)$/.test(method);
  const { body, bytes } = mayHaveBody ? await readBody(input) : { body: Buffer.alloc(0), bytes: 0 };
  return {
    method,
    pathInfo: env.PATH_INFO ?? '',
    timestamp: env.HTTP_X_PEP381_TIMESTAMP ?? '',
    signature: env.HTTP_X_PEP381_SIGNATURE ?? '',
    body,
    isTooLong: bytes > longestBody || announced > longestBody,
  };
}

async function readBody(input: AsyncIterable<Buffer>): Promise<{ body: Buffer; bytes: number }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of input) {
      bytes += chunk.length;
      if (bytes <= longestBody) chunks.push(chunk);
      if (bytes > longestDrain) break;
    }
  } catch {
    // The client went away in the middle: nobody hears the answer, and what came is no valid signed body.
  }
  return { body: Buffer.concat(chunks), bytes };
}

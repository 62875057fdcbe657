/** Reads a request from a web server's CGI variables. The command line is never read: the client controls it. */

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface CgiRequest {
  readonly method: string;
  /** The part of the address after the program's own. */
  readonly pathInfo: string;
  readonly timestamp: string;
  readonly signature: string;
  /** The bytes of the body that arrived so far. */
  readonly body: Buffer;
  readonly isTooLong: boolean;
  /** True if the body has ended. */
  readonly isComplete: boolean;
  /** Resolves to the whole body, or to undefined if it is too long or does not arrive in time. */
  wholeBody(): Promise<Buffer | undefined>;
}

/** Resolves after `ms` milliseconds. */
export type Wait = (ms: number) => Promise<void>;

/** Maximum size of a body that is accepted, in bytes. */
export const maxBodyBytes = 4096;
/**
 * Number of bytes that are read and dropped of a body that is too long: a client reads no answer before it has sent
 * all.
 */
const maxDrainBytes = 1 << 20;
/**
 * Milliseconds to wait for the body of a request. A body of a few bytes arrives together with its headers, before
 * Node.js has started. But with hundreds of requests at a time the web server may need longer to pass it on, and it
 * loses the answer if nobody reads the body.
 */
const graceMs = 1500;
/** Further milliseconds that {@link CgiRequest.wholeBody} waits: five seconds in all. */
const bodyTimeoutMs = 3500;

/**
 * Reads a request, and its body as far as it arrives at once. A body that is left unread delays the reply under
 * mod_cgid by 5 seconds, but not this process.
 */
export async function readCgiRequest(env: Environment, input: AsyncIterable<Buffer>, wait: Wait): Promise<CgiRequest> {
  const method = env.REQUEST_METHOD ?? 'GET';
  const contentLength = Number(env.CONTENT_LENGTH ?? 0);
  const mayHaveBody = contentLength > 0 || env.HTTP_TRANSFER_ENCODING !== undefined || !/^(?:GET|HEAD)$/.test(method);
  const arriving: ArrivingBody = { bytes: 0, hasEnded: false, chunks: [] };
  const end = receive(mayHaveBody ? input : nothing(), arriving);
  await Promise.race([end, wait(graceMs)]);
  const isTooLong = (): boolean => arriving.bytes > maxBodyBytes || contentLength > maxBodyBytes;
  return {
    method,
    pathInfo: env.PATH_INFO ?? '',
    timestamp: env.HTTP_X_PEP381_TIMESTAMP ?? '',
    signature: env.HTTP_X_PEP381_SIGNATURE ?? '',
    body: Buffer.concat(arriving.chunks),
    isTooLong: isTooLong(),
    isComplete: arriving.hasEnded,
    wholeBody: async () => {
      await Promise.race([end, wait(bodyTimeoutMs)]);
      return arriving.hasEnded && !isTooLong() ? Buffer.concat(arriving.chunks) : undefined;
    },
  };
}

/** A body, as far as it has arrived. */
interface ArrivingBody {
  /** Number of bytes that arrived, including those that were dropped. */
  bytes: number;
  hasEnded: boolean;
  readonly chunks: Buffer[];
}

/** Reads the body until it ends, or is far too long. */
async function receive(input: AsyncIterable<Buffer>, body: ArrivingBody): Promise<void> {
  try {
    for await (const chunk of input) {
      body.bytes += chunk.length;
      if (body.bytes <= maxBodyBytes) body.chunks.push(chunk);
      if (body.bytes > maxDrainBytes) break;
    }
  } catch {
    // The client went away in the middle: nobody reads the answer, and the bytes so far are no valid signed body.
  }
  body.hasEnded = true;
}

async function* nothing(): AsyncIterable<Buffer> {}

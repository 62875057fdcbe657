/** What the web server tells a CGI program, as far as it matters here. The command line is never looked at: it is the client's. */

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface CgiRequest {
  readonly method: string;
  /** What stood in the address after the program's own. */
  readonly pathInfo: string;
  readonly timestamp: string;
  readonly signature: string;
  /** What came of it so far. */
  readonly body: Buffer;
  readonly isTooLong: boolean;
  /** Whether that is all. */
  readonly isComplete: boolean;
  /** The whole body; undefined when it is too long or does not come in time. */
  wholeBody(): Promise<Buffer | undefined>;
}

/** Resolves after so many milliseconds. */
export type Wait = (ms: number) => Promise<void>;

/** The longest body that is accepted. */
export const longestBody = 4096;
/** So much is read and thrown away for a client that sends more, as a client hears nothing before it has sent all. */
const longestDrain = 1 << 20;
/**
 * A body of a few bytes comes together with its headers, before Node.js has started; but where hundreds ask at a time the
 * web server may need longer to pass it on, and loses the answer if nobody takes it.
 */
const graceMs = 1500;
/** So much longer who asks for the whole body waits: five seconds in all. */
const patienceMs = 3500;

/**
 * Reads the request, and its body as far as it comes at once. A body that is left unread stalls the reply under
 * mod_cgid for 5 seconds, but not this process.
 */
export async function readCgiRequest(env: Environment, input: AsyncIterable<Buffer>, wait: Wait): Promise<CgiRequest> {
  const method = env.REQUEST_METHOD ?? 'GET';
  const announced = Number(env.CONTENT_LENGTH ?? 0);
  const mayHaveBody = announced > 0 || env.HTTP_TRANSFER_ENCODING !== undefined || !/^(?:GET|HEAD)$/.test(method);
  const arriving = new ArrivingBody(mayHaveBody ? input : nothing());
  await Promise.race([arriving.end, wait(graceMs)]);
  const isTooLong = (): boolean => arriving.bytes > longestBody || announced > longestBody;
  return {
    method,
    pathInfo: env.PATH_INFO ?? '',
    timestamp: env.HTTP_X_PEP381_TIMESTAMP ?? '',
    signature: env.HTTP_X_PEP381_SIGNATURE ?? '',
    body: arriving.body,
    isTooLong: isTooLong(),
    isComplete: arriving.hasEnded,
    wholeBody: async () => {
      await Promise.race([arriving.end, wait(patienceMs)]);
      return arriving.hasEnded && !isTooLong() ? arriving.body : undefined;
    },
  };
}

class ArrivingBody {
  /** How many bytes came, those that were thrown away included. */
  bytes = 0;
  hasEnded = false;
  readonly end: Promise<void>;
  readonly #chunks: Buffer[] = [];

  constructor(input: AsyncIterable<Buffer>) {
    this.end = this.#read(input);
  }

  get body(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  async #read(input: AsyncIterable<Buffer>): Promise<void> {
    try {
      for await (const chunk of input) {
        this.bytes += chunk.length;
        if (this.bytes <= longestBody) this.#chunks.push(chunk);
        if (this.bytes > longestDrain) break;
      }
    } catch {
      // The client went away in the middle: nobody hears the answer, and what came is no valid signed body.
    }
    this.hasEnded = true;
  }
}

async function* nothing(): AsyncIterable<Buffer> {}

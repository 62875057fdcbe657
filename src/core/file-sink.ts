/** Receives the bytes of a download. */
export interface FileSink {
  /** Called once before the bytes. `resumed` is false if they begin at zero. */
  begin(resumed: boolean, etag: string | undefined): void;
  /** May return a promise that must resolve before more bytes are sent. */
  write(chunk: Buffer): void | Promise<void>;
}

/** The state of a download to be resumed: the bytes that are there, and the ETag that they came with. */
export interface ResumePoint {
  readonly bytes: number;
  readonly etag: string;
}

/** Where the bytes of a download go. */
export interface FileSink {
  /** Called once before the bytes; `resumed` is false when they begin at zero. */
  begin(resumed: boolean, etag: string | undefined): void;
  /** May answer with a promise to be waited for before more bytes come. */
  write(chunk: Buffer): void | Promise<void>;
}

/** What a download continues: the bytes that are there, and the validator they came with. */
export interface ResumePoint {
  readonly bytes: number;
  readonly etag: string;
}

/** Random access to the bytes of an input, local or remote. */

export interface ByteSource {
  readonly bytes: number;
  /**
   * Reads `length` bytes at `offset`; fewer only at the end of the input. The buffer belongs to the caller. It may be the
   * beginning of `room`, which spares fresh memory, where that is large enough.
   */
  read(offset: number, length: number, room?: Buffer): Promise<Buffer>;
  close(): Promise<void>;
}

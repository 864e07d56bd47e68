import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { EXIT, exitCode, RetryError } from "../errors.ts";

const HELD_BYTES = 1 << 18;

/** A file of one process: bytes are added to its end, and read from anywhere. It is removed when it is closed. */
export class ScratchFile {
  readonly #path: string;
  readonly #fd: number;
  /** Small additions wait here. */
  readonly #held = Buffer.allocUnsafe(HELD_BYTES);
  #heldBytes = 0;
  #writtenBytes = 0;
  #isOpen = true;

  constructor(path: string) {
    this.#path = path;
    this.#fd = this.#named("created", () => openSync(path, "w+"));
  }

  /** Bytes held in memory. */
  get bytes(): number {
    return this.#isOpen ? HELD_BYTES : 0;
  }

  /** Length of the file, what waits included. */
  get length(): number {
    return this.#writtenBytes + this.#heldBytes;
  }

  append(bytes: Buffer, length = bytes.length): void {
    if (this.#heldBytes + length > HELD_BYTES) this.#flush();
    if (length > HELD_BYTES) {
      this.#write(bytes, length);
    } else {
      bytes.copy(this.#held, this.#heldBytes, 0, length);
      this.#heldBytes += length;
    }
  }

  /** Forgets what lies behind the first `length` bytes. */
  cutTo(length: number): void {
    this.#flush();
    this.#writtenBytes = length;
  }

  /** Fills `bytes` from `at` on; what is read must have been added. */
  read(into: Buffer, offset: number, length: number, at: number): void {
    this.#flush();
    this.#named("read", () => {
      for (let done = 0; done < length; ) {
        const got = readSync(this.#fd, into, offset + done, length - done, at + done);
        if (got === 0) throw new Error(`it ends at ${at + done}, ${length - done} bytes early`);
        done += got;
      }
    });
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#fd);
    rmSync(this.#path, { force: true });
  }

  #flush(): void {
    const length = this.#heldBytes;
    this.#heldBytes = 0;
    if (length > 0) this.#write(this.#held, length);
  }

  #write(bytes: Buffer, length: number): void {
    this.#named("written", () => {
      for (let done = 0; done < length; ) {
        const wrote = writeSync(this.#fd, bytes, done, length - done, this.#writtenBytes);
        done += wrote;
        this.#writtenBytes += wrote;
      }
    });
  }

  #named<T>(done: string, act: () => T): T {
    try {
      return act();
    } catch (error) {
      const told = `${this.#path}: scratch file cannot be ${done} (${(error as Error).message})`;
      if (exitCode(error) !== EXIT.retry) throw new Error(told, { cause: error });
      throw new RetryError(`${told}: make room there and run again`, { cause: error });
    }
  }
}

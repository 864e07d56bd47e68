import { withRoom } from "./text/growable.ts";

const ID_BYTES = 16;

/** Ids of pages, 32 hex digits each, by number: 16 bytes a page, twice that where their number was not told. */
export class PageIds {
  #bytes: Uint8Array;

  /** `count`: how many there will be, if that is known. */
  constructor(count = 1 << 10) {
    this.#bytes = new Uint8Array(ID_BYTES * count);
  }

  get bytes(): number {
    return this.#bytes.byteLength;
  }

  set(n: number, id: string): void {
    this.#bytes = withRoom(this.#bytes, ID_BYTES * (n + 1));
    this.#bytes.set(Buffer.from(id, "hex"), ID_BYTES * n);
  }

  of(n: number): string {
    return Buffer.from(this.#bytes.subarray(ID_BYTES * n, ID_BYTES * (n + 1))).toString("hex");
  }
}

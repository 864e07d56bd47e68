/** The pages that an index holds, by the numbers that it gave them: 32 to 64 bytes a page. */
import { PageIds } from "../page-ids.ts";
import { withRoom } from "../text/growable.ts";
import type { Place } from "./piece-files.ts";

export class AddedPages {
  readonly #paths: string[] = [];
  #count = 0;
  readonly #ids = new PageIds();
  #offsets = new Float64Array(1 << 10);
  #lengths = new Uint32Array(1 << 10);
  #files = new Uint32Array(1 << 10);

  get count(): number {
    return this.#count;
  }

  /** `id`: 32 hex digits; `evidence`: where it lies, if there is any. */
  push(id: string, evidence: Place | undefined): void {
    const n = this.#count++;
    this.#offsets = withRoom(this.#offsets, this.#count);
    this.#lengths = withRoom(this.#lengths, this.#count);
    this.#files = withRoom(this.#files, this.#count);
    const path = evidence?.path ?? "";
    if (this.#paths.at(-1) !== path) this.#paths.push(path);
    this.#ids.set(n, id);
    this.#offsets[n] = evidence?.offset ?? 0;
    this.#lengths[n] = evidence?.length ?? 0;
    this.#files[n] = this.#paths.length - 1;
  }

  idOf(n: number): string {
    return this.#ids.of(n);
  }

  /** `undefined` where the page has none. */
  evidenceOf(n: number): Place | undefined {
    const path = this.#paths[this.#files[n]!]!;
    return path === "" ? undefined : { path, offset: this.#offsets[n]!, length: this.#lengths[n]! };
  }

  get bytes(): number {
    return this.#ids.bytes + this.#offsets.byteLength + this.#lengths.byteLength + this.#files.byteLength;
  }
}

import { withRoom } from "../text/growable.ts";
import type { Signed } from "./stars.ts";

const NOT_SHARED = 0xffff_ffff;

/** Where the signatures of a stage lie, by number of the page: 32 to 64 bytes a page. */
export class SignaturePlaces {
  #keysAt = new Float64Array(1 << 10);
  #keysLength = new Uint32Array(1 << 10);
  #evidenceAt = new Float64Array(1 << 10);
  /** Plus one; 0 for a page without evidence. */
  #evidenceLength = new Uint32Array(1 << 10);
  #owner = new Uint32Array(1 << 10);
  #sharedAs = new Uint32Array(1 << 10);

  set(n: number, { keys, evidence }: Signed, owner: number, sharedAs = NOT_SHARED): void {
    this.#keysAt = withRoom(this.#keysAt, n + 1);
    this.#keysLength = withRoom(this.#keysLength, n + 1);
    this.#evidenceAt = withRoom(this.#evidenceAt, n + 1);
    this.#evidenceLength = withRoom(this.#evidenceLength, n + 1);
    this.#owner = withRoom(this.#owner, n + 1);
    this.#sharedAs = withRoom(this.#sharedAs, n + 1);
    this.#keysAt[n] = keys[0];
    this.#keysLength[n] = keys[1];
    this.#evidenceAt[n] = evidence?.[0] ?? 0;
    this.#evidenceLength[n] = evidence === undefined ? 0 : evidence[1] + 1;
    this.#owner[n] = owner;
    this.#sharedAs[n] = sharedAs;
  }

  of(n: number): (Signed & { readonly owner: number; readonly sharedAs: number | undefined }) | undefined {
    // Keys are never empty; a page that the stage did not sign may lie beyond the arrays.
    if (!(this.#keysLength[n]! > 0)) return undefined;
    const sharedAs = this.#sharedAs[n]!;
    return {
      keys: [this.#keysAt[n]!, this.#keysLength[n]!],
      ...(this.#evidenceLength[n]! > 0 && { evidence: [this.#evidenceAt[n]!, this.#evidenceLength[n]! - 1] }),
      owner: this.#owner[n]!,
      sharedAs: sharedAs === NOT_SHARED ? undefined : sharedAs,
    };
  }
}

import type { Cut } from "../../../pipeline/stage.ts";

/**
 * Joins ranges of a page's windows, which come in ascending order, to cuts: the characters of which every byte lies in one
 * of the windows. A cut's twin is the page that most windows on end of it name, the first such page if there are several.
 */
export class PageCuts {
  readonly #windowBytes: number;
  readonly #cuts: ByteCut[] = [];
  /** Windows on end that name `#twin`; the last one begins before `#end`. */
  #twin = -1;
  #stretch = 0;
  #end = -1;

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
  }

  add(start: number, end: number, twin: number): void {
    const last = this.#cuts.at(-1);
    const isJoined = last !== undefined && start <= last.end;
    this.#stretch = end - start + (isJoined && twin === this.#twin && start === this.#end ? this.#stretch : 0);
    this.#twin = twin;
    this.#end = end;
    const cutEnd = end + this.#windowBytes - 1;
    if (!isJoined) {
      this.#cuts.push({ start, end: cutEnd, twin, stretch: this.#stretch });
    } else {
      last.end = cutEnd;
      if (this.#stretch > last.stretch) {
        last.stretch = this.#stretch;
        last.twin = twin;
      }
    }
  }

  /** The cuts so far in UTF-16 units of the text. */
  take(text: string): Cut[] {
    const cuts = this.#cuts.splice(0);
    if (cuts.length === 0) return [];
    if (Buffer.byteLength(text) === text.length) return cuts.map(({ start, end, twin }) => ({ start, end, twin }));
    const units = new UnitWalk(text);
    return cuts
      .map(({ start, end, twin }) => ({ start: units.firstFrom(start), end: units.lastUpTo(end), twin }))
      .filter(({ start, end }) => start < end);
  }
}

interface ByteCut {
  readonly start: number;
  end: number;
  twin: number;
  stretch: number;
}

/** From places in a text's UTF-8 to places in its UTF-16, in ascending order. */
class UnitWalk {
  readonly #text: string;
  #unit = 0;
  #byte = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Where the first character begins that does not begin before the byte. */
  firstFrom(byte: number): number {
    while (this.#byte < byte) this.#step();
    return this.#unit;
  }

  /** Where the last character ends that does not end behind the byte. */
  lastUpTo(byte: number): number {
    while (this.#byte < byte) {
      const { unit, byte: before } = this.#step();
      if (this.#byte > byte) {
        // The character goes to what comes next.
        this.#unit = unit;
        this.#byte = before;
        break;
      }
    }
    return this.#unit;
  }

  #step(): { unit: number; byte: number } {
    const before = { unit: this.#unit, byte: this.#byte };
    const code = this.#text.codePointAt(this.#unit)!;
    this.#unit += code > 0xffff ? 2 : 1;
    this.#byte += code < 0x80 ? 1 : code < 0x800 ? 2 : code > 0xffff ? 4 : 3;
    return before;
  }
}

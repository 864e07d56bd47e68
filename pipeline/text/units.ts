/** The text's UTF-16 units as an array: scanners read it several times as fast as the string. */

/** Units behind the text that may be read: "\n", and then anything. */
const SLACK = 16;

/** Units, one by one and by pairs (two at once, from any place on). */
export interface Units {
  readonly units: Uint16Array;
  readonly pairs: DataView;
}

class UnitBuffer implements Units {
  readonly units: Uint16Array;
  readonly pairs: DataView;
  readonly #bytes: Buffer;

  constructor(room: number) {
    const memory = new ArrayBuffer(2 * (room + SLACK));
    this.units = new Uint16Array(memory);
    this.pairs = new DataView(memory);
    this.#bytes = Buffer.from(memory);
  }

  get room(): number {
    return this.units.length - SLACK;
  }

  write(text: string): void {
    this.#bytes.write(text, "utf16le");
    this.units[text.length] = 0x0a;
  }
}

let lent = new UnitBuffer(1 << 15);
let lentText = "";

/** A buffer longer than this is given back after use: one huge page must not pin its memory. */
const MAX_KEPT_UNITS = 1 << 22;

/**
 * The units of a text, and a line end ("\n") behind them where scanners may stop. They are lent until the next call with
 * another text; calls for the same text, one after the other, cost nothing.
 */
export function viewUnits(text: string): Units {
  if (text !== lentText) {
    const { room } = lent;
    if (text.length > room || (room > MAX_KEPT_UNITS && text.length <= MAX_KEPT_UNITS)) {
      lent = new UnitBuffer(Math.max(1 << 15, text.length));
    }
    lent.write(text);
    lentText = text;
  }
  return lent;
}

/** The units of a short text, for keeps. */
export function copyUnits(text: string): Units {
  const copy = new UnitBuffer(text.length);
  copy.write(text);
  return copy;
}

/** Code points in `units[start..end)`: pairs of surrogates count once. */
export function countCodePointsIn(units: Uint16Array, start: number, end: number): number {
  let count = end - start;
  for (let i = start + 1; i < end; i++) {
    if ((units[i]! & 0xfc00) === 0xdc00 && (units[i - 1]! & 0xfc00) === 0xd800) count--;
  }
  return count;
}

/** The text's UTF-16 units as an array: scanners read it several times as fast as the string. */

let buffer = Buffer.alloc(1 << 16);
let units = new Uint16Array(buffer.buffer, buffer.byteOffset, buffer.length / 2);
let text = "";

/** A buffer longer than this is given back after use: one huge page must not pin its memory. */
const MAX_KEPT_UNITS = 1 << 22;

/**
 * The units of a text, and a line end ("\n") behind them where scanners may stop. The array is lent until the next call
 * with another text, and goes on with anything whatever; calls for the same text, one after the other, cost nothing.
 */
export function viewUnits(of: string): Uint16Array {
  if (of !== text) {
    if (of.length >= units.length || (units.length > MAX_KEPT_UNITS && of.length <= MAX_KEPT_UNITS)) {
      buffer = Buffer.alloc(2 * Math.max(1 << 15, of.length + 1));
      units = new Uint16Array(buffer.buffer, buffer.byteOffset, buffer.length / 2);
    }
    buffer.write(of, "utf16le");
    units[of.length] = 0x0a;
    text = of;
  }
  return units;
}

/** Code points in `units[start..end)`: pairs of surrogates count once. */
export function countCodePointsIn(units: Uint16Array, start: number, end: number): number {
  let count = end - start;
  for (let i = start + 1; i < end; i++) {
    if ((units[i]! & 0xfc00) === 0xdc00 && (units[i - 1]! & 0xfc00) === 0xd800) count--;
  }
  return count;
}

/** Lower-casing, and which units are part of words. */
import { ASTRAL, FOLD, held, heldBytes, SLACK } from "./layout";

/** `FOLD` and `AstralClass` of word-class.ts. */
const GAP: u32 = 0;
const ASK: u32 = 1;
const UNKNOWN: u32 = 0;
const WORD: u32 = 2;
const CAPITAL: u32 = 3;

/** The host fills in the classes of this code point and of its neighbours. */
@external("env", "classify")
declare function classify(codePoint: u32): void;

function astralClass(codePoint: u32): u32 {
  const at = ASTRAL + <usize>(codePoint - 0x1_0000);
  if (load<u8>(at) == UNKNOWN) classify(codePoint);
  return load<u8>(at);
}

/**
 * Makes each unit its lower case, or 0 if it is part of no word, and zeros what is behind the text. Returns false where
 * a character cannot be folded by itself: such a text has to come again, lower-cased.
 */
export function fold(text: usize, units: u32): bool {
  const end = text + ((<usize>units) << 1);
  const beyondAscii = held(0xff80_ff80);
  const caseBit = heldBytes(0x20);
  const a = heldBytes(0x61);
  const letters = heldBytes(26);
  const zero = heldBytes(0x30);
  const digits = heldBytes(10);
  const underscore = heldBytes(0x5f);
  memory.fill(end, 0, SLACK);
  let p = text;
  while (p < end) {
    const first = v128.load(p);
    const second = v128.load(p, 16);
    if (!v128.any_true(v128.and(v128.or(first, second), beyondAscii))) {
      const ascii = i8x16.narrow_i16x8_u(first, second);
      const lower = v128.or(ascii, caseBit);
      const isLetter = i8x16.lt_u(i8x16.sub(lower, a), letters);
      const isDigit = i8x16.lt_u(i8x16.sub(ascii, zero), digits);
      const isOther = v128.or(isDigit, i8x16.eq(ascii, underscore));
      const folded = v128.or(v128.and(lower, isLetter), v128.and(ascii, isOther));
      v128.store(p, i16x8.extend_low_i8x16_u(folded));
      v128.store(p, i16x8.extend_high_i8x16_u(folded), 16);
      p += 32;
      continue;
    }
    for (const stop = p + 32; p < stop; ) {
      const unit = <u32>load<u16>(p);
      const folded = <u32>load<u16>(FOLD + ((<usize>unit) << 1));
      if (folded != ASK) {
        store<u16>(p, folded);
        p += 2;
        continue;
      }
      if ((unit & 0xf800) != 0xd800) return false;
      const next = <u32>load<u16>(p, 2);
      if (unit < 0xdc00 && (next & 0xfc00) == 0xdc00) {
        const kind = astralClass(0x1_0000 + ((unit & 0x3ff) << 10) + (next & 0x3ff));
        if (kind == CAPITAL) return false;
        if (kind != WORD) store<u32>(p, GAP);
        p += 4;
      } else {
        store<u16>(p, GAP); // half a pair
        p += 2;
      }
    }
  }
  return true;
}

/** How much room text takes in a terminal. */

/** Columns that a character takes: 2 for East Asian wide ones and emoji, none for marks that join the one before. */
export function columnsOf(char: string): number {
  if (JOINING.test(char)) return 0;
  return WIDE.test(char) ? 2 : 1;
}

const JOINING = /^[\p{M}\u200b-\u200f\u2060-\u2064]$/u;
/** Unicode's East Asian Width W and F, by blocks. */
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]|[\u{20000}-\u{3fffd}])$/u;

/** The longest beginning that takes no more columns; a character at least. */
export function beginning(text: string, columns: number): string {
  let part = "";
  let used = 0;
  for (const char of text) {
    used += columnsOf(char);
    if (used > columns && part !== "") break;
    part += char;
  }
  return part;
}

/** The text without what a terminal would act on: tabs are spaces, line ends ¶, other control and direction characters are shown as such. */
export function visible(text: string): string {
  return text
    .replace(/\t/g, "  ")
    .replace(/\n+/g, "¶ ")
    .replace(CONTROLS, (char) => `<${char.codePointAt(0)!.toString(16).padStart(2, "0")}>`);
}
const CONTROLS = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

import { FONT_SIZE } from "./draw.ts";

/** Shortened in the middle, where names of variants differ least. */
export function shorten(name: string, maxCharacters: number): string {
  const characters = [...name.replace(/\s+/g, " ")];
  if (characters.length <= maxCharacters) return characters.join("");
  const tail = Math.floor((maxCharacters - 1) / 2);
  return `${characters.slice(0, maxCharacters - 1 - tail).join("")}…${characters.slice(-tail).join("")}`;
}

/** About: nothing here knows the font that will be there. */
export function textWidth(text: string): number {
  return [...text].length * FONT_SIZE * 0.6;
}

export function widest(labels: readonly string[]): number {
  return Math.ceil(Math.max(0, ...labels.map(textWidth)));
}

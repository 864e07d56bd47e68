import { count } from "../show.ts";

/** "1 document", "1,390 documents". */
export function plural(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
}

/** A text as it is compared where small differences do not count: case, white space, and forms of the same character. */
export function normalised(text: string): string {
  return text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();
}

/** Arms are told apart by colour and by shape: six colours that differ to all kinds of sight, seven shapes. */
const COLOURS = 6;
const SYMBOLS = ["circle", "diamond", "triangle", "square", "star", "wye", "cross"] as const;

/** The stylesheet gives the colour, by light and dark. */
export function armColour(index: number): string {
  return `var(--arm-${index % COLOURS})`;
}

export function armSymbol(index: number): (typeof SYMBOLS)[number] {
  return SYMBOLS[index % SYMBOLS.length]!;
}

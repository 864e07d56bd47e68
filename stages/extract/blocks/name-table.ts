const NO_NAME = 0;

/** Finds names of tags and attributes where they stand in a page, whatever their case, without making strings of them. */
export class NameTable {
  private readonly ids: Uint8Array;
  private readonly mask: number;
  private readonly names: readonly (readonly number[])[];

  /** Ids are places in the list; the first name is that of everything unknown. At most 255 names. */
  constructor(names: readonly string[]) {
    this.names = names.map((name) => [...name].map((character) => character.charCodeAt(0)));
    let room = 64;
    while (room < 8 * names.length) room *= 2;
    this.mask = room - 1;
    this.ids = new Uint8Array(room);
    for (let id = 1; id < names.length; id++) {
      let slot = this.hash(Uint16Array.from(this.names[id]!), 0, this.names[id]!.length) & this.mask;
      while (this.ids[slot] !== NO_NAME) slot = (slot + 1) & this.mask;
      this.ids[slot] = id;
    }
  }

  /** The id of `units[from..to)`; 0 for a name that is not in the list. */
  find(units: Uint16Array, from: number, to: number): number {
    if (to - from > LONGEST) return NO_NAME;
    let slot = this.hash(units, from, to) & this.mask;
    for (;;) {
      const id = this.ids[slot]!;
      if (id === NO_NAME || isName(this.names[id]!, units, from, to)) return id;
      slot = (slot + 1) & this.mask;
    }
  }

  private hash(units: Uint16Array, from: number, to: number): number {
    let hash = to - from;
    for (let at = from; at < to; at++) hash = (Math.imul(hash, 31) + lowerCase(units[at]!)) | 0;
    return hash ^ (hash >>> 9);
  }
}

/** No name that is looked for is longer. */
const LONGEST = 16;

function isName(name: readonly number[], units: Uint16Array, from: number, to: number): boolean {
  if (name.length !== to - from) return false;
  for (let at = from; at < to; at++) if (name[at - from] !== lowerCase(units[at]!)) return false;
  return true;
}

/** ASCII alone has a case in markup. */
export function lowerCase(unit: number): number {
  return unit >= 0x41 && unit <= 0x5a ? unit | 0x20 : unit;
}

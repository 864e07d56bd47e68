/**
 * Evidence: a page's distinct shingle hashes in ascending order, as bytes. Ledgers and saved indexes keep
 * it as it is, in the machine's byte order: little-endian, as all their files are, wherever Node is common. 4 bytes a
 * distinct shingle: about 0.6 of the text's own bytes in English.
 */

/** Packs sorted distinct hashes as evidence; the copy is the caller's. */
export function packEvidence(hashes: Uint32Array): Uint8Array {
  return new Uint8Array(hashes.slice().buffer);
}

/** Reads evidence back. Bytes read from a file may start anywhere; only aligned ones can be viewed without a copy. */
export function readEvidence(bytes: Uint8Array): Uint32Array {
  const aligned = bytes.byteOffset % Uint32Array.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / Uint32Array.BYTES_PER_ELEMENT);
}

/** Jaccard similarity of two sorted sets: shared / all. Two empty sets have none, 0. */
export function jaccard(a: Uint32Array, b: Uint32Array): number {
  return jaccardAtLeast(a, b, 0) ?? 0;
}

/**
 * Jaccard similarity of two sorted sets, or `undefined` when it is below `atLeast`; it gives up as soon as too few
 * elements are left on one side, which for unlike pages is early.
 */
export function jaccardAtLeast(a: Uint32Array, b: Uint32Array, atLeast: number): number | undefined {
  const total = a.length + b.length;
  // shared / (total − shared) ≥ j ⇔ shared ≥ j·total / (1 + j); rounded down, as the last line decides.
  const shared = sharedAtLeast(a, b, Math.floor((atLeast * total) / (1 + atLeast)));
  const similarity = total === 0 ? 0 : shared / (total - shared);
  return shared >= 0 && similarity >= atLeast ? similarity : undefined;
}

/** How many elements two sorted sets share, or −1 as soon as it is certain that they are fewer than `needed`. */
export function sharedAtLeast(a: Uint32Array, b: Uint32Array, needed: number): number {
  let sparesA = a.length - needed;
  let sparesB = b.length - needed;
  let shared = 0;
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length && sparesA >= 0 && sparesB >= 0) {
    const x = a[i]!;
    const y = b[j]!;
    if (x === y) {
      shared++;
      i++;
      j++;
    } else if (x < y) {
      i++;
      sparesA--;
    } else {
      j++;
      sparesB--;
    }
  }
  return sparesA >= 0 && sparesB >= 0 ? shared : -1;
}

/** Arrays that grow take their memory with them, and large ones give it back at once; bytes as words. */

/** A longer copy; the array itself is gone. */
export function enlarged(array: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(length);
  larger.set(array);
  release(array);
  return larger;
}

/** Gives an array's memory back now: the garbage collector may wait until it has seen several large ones. */
export function release(array: Uint32Array<ArrayBuffer>): void {
  array.buffer.transfer(0);
}

/** Little-endian bytes as words: a copy, since what is read from a file may lie anywhere in its buffer. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  const words = new Uint32Array(bytes.length / Uint32Array.BYTES_PER_ELEMENT);
  new Uint8Array(words.buffer).set(bytes);
  return words;
}

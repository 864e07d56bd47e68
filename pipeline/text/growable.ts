/** The same buffer if it has room for `length` elements, else a copy of at least twice its size. */
export function withRoom<T extends Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array>(
  buffer: T,
  length: number,
): T {
  if (length <= buffer.length) return buffer;
  const Buffer = buffer.constructor as new (length: number) => T;
  const grown = new Buffer(Math.max(length, buffer.length * 2));
  grown.set(buffer);
  return grown;
}

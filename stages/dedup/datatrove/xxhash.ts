/**
 * xxHash (Y. Collet), its 64- and 32-bit forms with seed 0: the plain definition that the kernel's is tested against.
 * github.com/Cyan4973/xxHash, doc/xxhash_spec.md.
 */

type Primes = readonly [bigint, bigint, bigint, bigint, bigint];

const P64: Primes = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
];
const P32: Primes = [0x9e3779b1n, 0x85ebca77n, 0xc2b2ae3dn, 0x27d4eb2fn, 0x165667b1n];

const u64 = (value: bigint) => BigInt.asUintN(64, value);
const u32 = (value: bigint) => BigInt.asUintN(32, value);
const rotl64 = (value: bigint, by: bigint) => u64(value << by) | (value >> (64n - by));
const rotl32 = (value: bigint, by: bigint) => u32(value << by) | (value >> (32n - by));

export function xxhash64(bytes: Uint8Array): bigint {
  const [p1, p2, p3, p4, p5] = P64;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const round = (lane: bigint, input: bigint) => u64(rotl64(u64(lane + input * p2), 31n) * p1);
  let at = 0;
  let h = p5;
  if (bytes.length >= 32) {
    const lanes = [u64(p1 + p2), p2, 0n, u64(-p1)];
    for (; at + 32 <= bytes.length; at += 32) {
      for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i]!, view.getBigUint64(at + 8 * i, true));
    }
    h = lanes.reduce((sum, lane, i) => u64(sum + rotl64(lane, [1n, 7n, 12n, 18n][i]!)), 0n);
    for (const lane of lanes) h = u64((h ^ round(0n, lane)) * p1 + p4);
  }
  h = u64(h + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8) h = u64(rotl64(h ^ round(0n, view.getBigUint64(at, true)), 27n) * p1 + p4);
  for (; at + 4 <= bytes.length; at += 4)
    h = u64(rotl64(h ^ u64(BigInt(view.getUint32(at, true)) * p1), 23n) * p2 + p3);
  for (; at < bytes.length; at++) h = u64(rotl64(h ^ u64(BigInt(bytes[at]!) * p5), 11n) * p1);
  h = u64((h ^ (h >> 33n)) * p2);
  h = u64((h ^ (h >> 29n)) * p3);
  return h ^ (h >> 32n);
}

export function xxhash32(bytes: Uint8Array): bigint {
  const [p1, p2, p3, p4, p5] = P32;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let h = p5;
  if (bytes.length >= 16) {
    const lanes = [u32(p1 + p2), p2, 0n, u32(-p1)];
    for (; at + 16 <= bytes.length; at += 16) {
      for (let i = 0; i < 4; i++) {
        lanes[i] = u32(rotl32(u32(lanes[i]! + BigInt(view.getUint32(at + 4 * i, true)) * p2), 13n) * p1);
      }
    }
    h = lanes.reduce((sum, lane, i) => u32(sum + rotl32(lane, [1n, 7n, 12n, 18n][i]!)), 0n);
  }
  h = u32(h + BigInt(bytes.length));
  for (; at + 4 <= bytes.length; at += 4) h = u32(rotl32(u32(h + BigInt(view.getUint32(at, true)) * p3), 17n) * p4);
  for (; at < bytes.length; at++) h = u32(rotl32(u32(h + BigInt(bytes[at]!) * p5), 11n) * p1);
  h = u32((h ^ (h >> 15n)) * p2);
  h = u32((h ^ (h >> 13n)) * p3);
  return h ^ (h >> 16n);
}

/**
 * Reads .npy files, NumPy's format for one array (numpy.org/neps/nep-0001-npy-format.html):
 *
 *   magic | version | length of the header | header, a Python literal | elements, row-major
 *
 * Only what can be read without Python: numbers and truth values, little-endian.
 */
import { readFileSync } from "node:fs";
import { FormatError } from "../../pipeline/errors.ts";
import { type Shape, sizeOf } from "../ir/tensor.ts";

const Layout = {
  magic: 0, // "\x93NUMPY"
  major: 6, // u8
  minor: 7, // u8
  headerLength: 8, // u16 in version 1, u32 in version 2
} as const;
const MAGIC = Buffer.from("\x93NUMPY", "latin1");

/** Bytes of an element, and how it is read. */
const ELEMENTS = {
  "<f4": { size: 4, read: (bytes: DataView, at: number) => bytes.getFloat32(at, true) },
  "<f8": { size: 8, read: (bytes: DataView, at: number) => bytes.getFloat64(at, true) },
  "<i4": { size: 4, read: (bytes: DataView, at: number) => bytes.getInt32(at, true) },
  "<i8": { size: 8, read: (bytes: DataView, at: number) => Number(bytes.getBigInt64(at, true)) },
  "|b1": { size: 1, read: (bytes: DataView, at: number) => bytes.getUint8(at) },
} as const;
type NpyType = keyof typeof ELEMENTS;

export interface NpyArray {
  readonly type: NpyType;
  /** No axes: a single number. */
  readonly shape: Shape;
  /** Row-major; truth values as 1 and 0. */
  readonly values: Float64Array;
}

/** Raises FormatError where the file is not what it claims to be. */
export function readNpy(path: string): NpyArray {
  return parseNpy(readFileSync(path), path);
}

/** `path` is what messages call the bytes. */
export function parseNpy(bytes: Uint8Array, path: string): NpyArray {
  const fault = (message: string): FormatError => new FormatError(`${path}: ${message}`);
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!file.subarray(Layout.magic, MAGIC.length).equals(MAGIC)) throw fault("no .npy file (it begins otherwise)");
  const major = file[Layout.major];
  if (major !== 1 && major !== 2) {
    throw fault(`.npy of version ${major}.${file[Layout.minor]}, expected 1 or 2`);
  }
  const headerFrom = Layout.headerLength + (major === 1 ? 2 : 4);
  if (file.length < headerFrom) throw fault(`the file ends after ${file.length} bytes, within its header`);
  const headerLength = major === 1 ? file.readUInt16LE(Layout.headerLength) : file.readUInt32LE(Layout.headerLength);
  const from = headerFrom + headerLength;
  if (file.length < from) {
    throw fault(`the header says that it has ${headerLength} bytes, the file ends after ${file.length - headerFrom}`);
  }
  const { type, shape } = parseHeader(file.toString("latin1", headerFrom, from), fault);
  const { size, read } = ELEMENTS[type];
  // Before anything is allocated: a shape may claim whatever it likes.
  const found = file.length - from;
  if (sizeOf(shape) * size !== found) {
    throw fault(`shape (${shape.join(", ")}) of ${type} takes ${sizeOf(shape) * size} bytes, found ${found}`);
  }
  const view = new DataView(file.buffer, file.byteOffset + from, found);
  const values = Float64Array.from({ length: sizeOf(shape) }, (_, i) => read(view, i * size));
  const bad = type === "|b1" ? values.find((x) => x > 1) : type === "<i8" ? values.find(isInexact) : undefined;
  if (bad !== undefined) throw fault(type === "|b1" ? `${bad} is no truth value` : `${bad} is beyond 2^53`);
  return { type, shape, values };
}

function isInexact(x: number): boolean {
  return !Number.isSafeInteger(x);
}

/** The header is a dict with three keys; what is no plain array (records, pickled objects) has no type of ours. */
function parseHeader(header: string, fault: (message: string) => FormatError): { type: NpyType; shape: Shape } {
  const [, type] = /'descr': *'([^']*)'/.exec(header) ?? [];
  const [, isFortran] = /'fortran_order': *(True|False)/.exec(header) ?? [];
  const [, sizes] = /'shape': *\(([\d, ]*)\)/.exec(header) ?? [];
  if (type === undefined || isFortran === undefined || sizes === undefined) {
    throw fault(`the header is not that of an array of numbers: ${JSON.stringify(header.slice(0, 100))}`);
  }
  if (!Object.hasOwn(ELEMENTS, type)) {
    throw fault(`elements are ${JSON.stringify(type)}, expected one of ${Object.keys(ELEMENTS).join(" ")}`);
  }
  if (isFortran === "True") throw fault("elements lie column by column; save it with np.ascontiguousarray");
  // A single axis has a comma behind it: (3,).
  const shape = sizes.replace(/, *$/, "").split(",");
  if (shape.length === 1 && shape[0]!.trim() === "") return { type: type as NpyType, shape: [] };
  if (shape.some((size) => !/^ *\d+ *$/.test(size))) throw fault(`(${sizes}) is no shape`);
  return { type: type as NpyType, shape: shape.map(Number) };
}

/** JSON of unknown make: read with errors that say where in the document something is, what it is and what was wanted. */
import { FormatError } from "../../pipeline/errors.ts";

const SHOWN_CHARS = 60;

/** A value in a JSON document, with the path to it. */
export class JsonValue {
  readonly value: unknown;
  /** `tokenizer.json: model.merges[3]`. */
  readonly path: string;

  constructor(value: unknown, path: string) {
    this.value = value;
    this.path = path;
  }

  get isAbsent(): boolean {
    return this.value === undefined || this.value === null;
  }

  /** The value under a key of its own: neither "constructor" nor "__proto__" finds what every object inherits. */
  at(key: string): JsonValue {
    const object = this.object();
    const isWord = /^\w+$/.test(key);
    const shown = isWord && key.length <= SHOWN_CHARS ? key : quote(key);
    const path = this.path.endsWith(":") ? `${this.path} ${shown}` : this.path + (isWord ? `.${shown}` : `[${shown}]`);
    return new JsonValue(Object.hasOwn(object, key) ? object[key] : undefined, path);
  }

  object(): Record<string, unknown> {
    const { value } = this;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    throw this.wrong("an object");
  }

  items(): JsonValue[] {
    if (!Array.isArray(this.value)) throw this.wrong("an array");
    return this.value.map((item, index) => new JsonValue(item, `${this.path}[${index}]`));
  }

  string(): string {
    if (typeof this.value !== "string" || !this.value.isWellFormed()) throw this.wrong("a string of Unicode text");
    return this.value;
  }

  /** A whole number from 0 to below `end`. */
  index(end: number): number {
    const { value } = this;
    if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < end) return value;
    throw this.wrong(`a whole number from 0 to ${end - 1}`);
  }

  /** `absent` is the answer where there is no value. */
  boolean(absent: boolean): boolean {
    if (this.value === undefined) return absent;
    if (typeof this.value !== "boolean") throw this.wrong("true or false");
    return this.value;
  }

  /** Raises FormatError unless the value is one of those supported. */
  expect(...supported: readonly (string | number | boolean | null | undefined)[]): void {
    if (supported.some((one) => one === this.value)) return;
    throw this.wrong(
      supported
        .filter((one) => one !== undefined)
        .map((one) => JSON.stringify(one))
        .join(" or "),
    );
  }

  /** "where: found …, expected …", and what to do. */
  wrong(expected: string, advice = ""): FormatError {
    const place = this.path.endsWith(":") ? this.path : `${this.path}:`;
    return new FormatError(`${place} found ${show(this.value)}, expected ${expected}${advice && ` (${advice})`}`);
  }
}

function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number" && !Number.isFinite(value)) return String(value); // 1e999 is JSON.
  if (Array.isArray(value) && value.length > 8) return `an array of ${value.length}`;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const type = Object.hasOwn(value, "type") ? (value as { type: unknown }).type : undefined;
    return typeof type === "string" ? `an object of type ${clip(JSON.stringify(type))}` : "an object";
  }
  return clip(JSON.stringify(value));
}

/** Text of a file as an error shows it: in quotes, on one line, not too long. */
export function quote(text: string): string {
  return clip(JSON.stringify(text));
}

function clip(text: string): string {
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}

/** Text in UTF-8, without its byte order mark. */
export function decodeUtf8(bytes: Uint8Array, label: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FormatError(`${label}: found bytes that are not UTF-8, expected text; is this the right file?`, {
      cause,
    });
  }
}

export function parseJson(bytes: Uint8Array, label: string): JsonValue {
  const text = decodeUtf8(bytes, label);
  try {
    return new JsonValue(JSON.parse(text), `${label}:`);
  } catch (cause) {
    const reason = clip((cause as Error).message.replace(/\s+/g, " "));
    throw new FormatError(
      `${label}: not JSON (${reason}) in ${bytes.length} bytes, expected an object; was the file cut short? Fetch it again`,
      { cause },
    );
  }
}

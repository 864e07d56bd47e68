/** What the commands of `classifier` read: fastText's lines, or JSON Lines with a text and labels; one document a line. */
import { createHash } from "node:crypto";
import { type Command, InvalidArgumentError } from "commander";
import { clipText, parseFastTextLine } from "../../../classifiers/index.ts";
import { FormatError, oneLine, RecipeError } from "../../errors.ts";
import type { FileDigest } from "../../io/durable.ts";
import { LineSplitter } from "../../io/lines.ts";
import { decodeUtf8 } from "../../io/utf8.ts";
import { drawUniform } from "../../random.ts";
import { positiveInt } from "../run.ts";
import { decompressed, type Input, isJsonLines, openInput } from "../tokenizer/input.ts";

/** A line must fit a JavaScript string. */
const MAX_LINE_BYTES = 1 << 28;
const SHOWN_CHARS = 60;
const LABEL_PREFIX = "__label__";
/** As the stage `classifier-score` has it. */
const DEFAULT_CLIP_CHARS = 100_000;

export interface ReadFlags {
  readonly jsonl?: boolean;
  readonly textField: string;
  readonly labelField?: string;
  readonly clip: number;
  readonly as?: readonly LabelledFile[];
}

/** A file, and what all of its texts are; without a label the texts say it themselves. */
export interface LabelledFile {
  readonly file: string;
  readonly label?: string;
}

export function withReadFlags(command: Command): Command {
  return command
    .option("--jsonl", "all input is JSON Lines, whatever its name (for standard input, say)")
    .option("--text-field <name>", "where a JSON line has its text; a.b for b within a", "text")
    .option(
      "--clip <chars>",
      "only this much of a text is looked at, as by the stage classifier-score",
      positiveInt,
      DEFAULT_CLIP_CHARS,
    );
}

/** `--as label=file`, for commands that read labels. */
export function withLabelFlags(command: Command): Command {
  return command
    .option(
      "--as <label=file>",
      "a file all of whose texts have this label, whatever they say; may be repeated",
      addFile,
    )
    .option(
      "--label-field <name>",
      "where a JSON line has its label: a string, number, true, false, or a list",
      "label",
    );
}

function addFile(text: string, before: readonly LabelledFile[] = []): readonly LabelledFile[] {
  const [, label, file] = /^([^=\s]+)=(.+)$/s.exec(text) ?? [];
  if (label === undefined)
    throw new InvalidArgumentError(`expected label=file, the label without spaces, found ${JSON.stringify(text)}`);
  return [...before, { file: file!, label: withoutPrefix(label) }];
}

/** The files of the arguments, then those of `--as`. Raises RecipeError where there are none. */
export function filesOf(files: readonly string[], { as = [] }: ReadFlags): readonly LabelledFile[] {
  if (files.length + as.length === 0) throw new RecipeError("found no files; give labelled texts, or --as LABEL=FILE");
  return [...files.map((file) => ({ file })), ...as];
}

export interface ReadDocument {
  /** "reviews.jsonl:12". */
  readonly place: string;
  readonly id?: string;
  /** Without `__label__`. */
  readonly labels: readonly string[];
  /** As a scorer sees it: on one line, cut where it is too long. */
  readonly text: string;
}

/** Reads files one after another, a line at a time; digests them on the way. */
export class DocumentReader {
  readonly digests = new Map<string, FileDigest>();
  readonly #flags: ReadFlags;
  /** Stored bytes of all files, where known, and read so far. */
  #totalBytes: number | undefined = 0;
  #bytesRead = 0;

  /** Without `labelField` no labels are looked for. */
  constructor(flags: ReadFlags) {
    this.#flags = flags;
  }

  /** How much of what was opened is read; undefined where that is not known. */
  get share(): number | undefined {
    return this.#totalBytes === undefined ? undefined : this.#bytesRead / Math.max(1, this.#totalBytes);
  }

  async *read(files: readonly LabelledFile[]): AsyncGenerator<ReadDocument, void, undefined> {
    const inputs: Input[] = [];
    // All are opened before one is read: a name that is wrong is told at once.
    for (const { file } of files) inputs.push(await openInput(file));
    const sizes = inputs.map(({ totalBytes }) => totalBytes);
    this.#totalBytes = sizes.reduce(
      (sum, size) => (sum === undefined || size === undefined ? undefined : sum + size),
      0,
    );
    for (const [n, input] of inputs.entries()) yield* this.#readFile(files[n]!, input);
  }

  async *#readFile({ file, label }: LabelledFile, input: Input): AsyncGenerator<ReadDocument, void, undefined> {
    const hash = createHash("sha256");
    let bytes = 0;
    const chunks = this.#watch(input.chunks, (chunk) => {
      hash.update(chunk);
      bytes += chunk.length;
    });
    const parse =
      this.#flags.jsonl === true || isJsonLines(file)
        ? (line: string, place: string) => this.#fromJson(line, place, label)
        : (line: string, place: string) => {
            const { labels, text } = parseFastTextLine(line);
            return { place, labels: label === undefined ? labels : [label], text };
          };
    for await (const { text: line, place } of linesOf({ ...input, chunks })) {
      const { text, ...document } = parse(line, place);
      yield { ...document, text: normalised(text, this.#flags.clip) };
    }
    this.digests.set(file, { bytes, sha256: hash.digest("hex") });
  }

  async *#watch(chunks: Input["chunks"], see: (chunk: Buffer) => void): Input["chunks"] {
    for await (const chunk of chunks) {
      see(chunk);
      this.#bytesRead += chunk.length;
      yield chunk;
    }
  }

  #fromJson(line: string, place: string, label: string | undefined): ReadDocument {
    let row: unknown;
    try {
      row = JSON.parse(line);
    } catch (cause) {
      throw new FormatError(`${place}: found ${shown(line)}, expected a JSON object (${oneLine(cause)})`, { cause });
    }
    const { textField, labelField } = this.#flags;
    const text = fieldOf(row, textField);
    if (typeof text !== "string") {
      throw new FormatError(
        `${place}: found ${shown(line)}, expected an object with the text as the string ${JSON.stringify(textField)} (--text-field names another)`,
      );
    }
    const id = fieldOf(row, "id");
    return {
      place,
      ...(typeof id === "string" || typeof id === "number" ? { id: String(id) } : {}),
      labels:
        label !== undefined
          ? [label]
          : labelField === undefined
            ? []
            : labelsOf(fieldOf(row, labelField), labelField, place),
      text: text.toWellFormed(),
    };
  }
}

async function* linesOf(
  input: Input,
): AsyncGenerator<{ readonly text: string; readonly place: string }, void, undefined> {
  const splitter = new LineSplitter({ maxLineBytes: MAX_LINE_BYTES });
  let number = 0;
  const read = function* (lines: ReturnType<LineSplitter["push"]>) {
    for (const { bytes, length } of lines) {
      const place = `${input.label}:${++number}`;
      if (length > bytes.length) {
        throw new FormatError(`${place}: found a line of ${length} bytes, expected ${MAX_LINE_BYTES} at most`);
      }
      const { text } = decodeUtf8(bytes);
      if (text.trim() !== "") yield { text, place };
    }
  };
  for await (const chunk of decompressed(input)) yield* read(splitter.push(chunk));
  yield* read(splitter.end());
}

/** A field by its name, or by names with dots between them. */
function fieldOf(row: unknown, name: string): unknown {
  const own = (value: unknown, key: string): unknown =>
    typeof value === "object" && value !== null && Object.hasOwn(value, key)
      ? (value as Record<string, unknown>)[key]
      : undefined;
  return own(row, name) ?? name.split(".").reduce(own, row);
}

function labelsOf(value: unknown, field: string, place: string): string[] {
  const values = Array.isArray(value) ? value : [value];
  return values.map((one: unknown) => {
    const label = typeof one === "string" ? withoutPrefix(one) : String(one);
    const isLabel = ["string", "number", "boolean"].includes(typeof one) && /^[^ \t\n\v\f\r\0]+$/.test(label);
    if (isLabel) return label;
    throw new FormatError(
      `${place}: found ${shown(JSON.stringify(value) ?? "nothing")} as ${JSON.stringify(field)}, expected a label: a string without spaces, a number, true or false, or a list of these (--label-field names another field)`,
    );
  });
}

/** Labels are given with fastText's mark or without. */
export function withoutPrefix(label: string): string {
  return label.startsWith(LABEL_PREFIX) ? label.slice(LABEL_PREFIX.length) : label;
}

function normalised(text: string, clipChars: number): string {
  return clipText(text, clipChars).replaceAll("\n", " ");
}

function shown(json: string): string {
  return json.length > SHOWN_CHARS ? `${json.slice(0, SHOWN_CHARS)}…` : json;
}

/** Texts that a classifier cannot tell apart have one key. */
export function keyOf(text: string): string {
  const words = text.replace(/[ \t\n\v\f\r\0]+/g, " ").trim();
  return createHash("sha256").update(words).digest("base64");
}

/** Whether a text falls into a share that is set apart; all copies of it do, or none. */
export function isSetApart(key: string, share: number, purpose: string, seed: number): boolean {
  return drawUniform(seed, purpose, key) < share;
}

/** Raises RecipeError where no document was read. */
export function expectSome(documents: number, files: readonly LabelledFile[]): void {
  if (documents > 0) return;
  throw new RecipeError(`${namesOf(files)}: found no documents, expected one a line`);
}

export function namesOf(files: readonly LabelledFile[]): string {
  return files.map(({ file }) => file).join(", ");
}

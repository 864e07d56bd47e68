/** The documents of a JSON Lines file or of standard input, as the jsonl source reads them. */
import jsonl, { isBlank, readRow } from "../../../stages/sources/jsonl.ts";
import type { Document, PlannedInput, RejectedPage, SetupContext, SourceLog, Span } from "../../index.ts";
import { compressionOf } from "../../io/decompress.ts";
import { planInputs } from "../../io/inputs.ts";
import { type Line, LineSplitter } from "../../io/lines.ts";
import { spanLines } from "../../io/span-bytes.ts";
import { decodeUtf8 } from "../../io/utf8.ts";

export interface Input {
  /** All rows; of files, again whenever it is called. */
  rows(): AsyncGenerator<Row, void, undefined>;
  /** Paths and URLs of the files. */
  readonly locations: readonly string[];
  /** Stored bytes of all files, and those that were read so far; not known of standard input. */
  readonly totalBytes: number | undefined;
  readonly bytesRead: number;
  /** Where bytes could not be read; known when all rows have been. */
  readonly losses: readonly string[];
}
export interface Row {
  /** The row's own, or else the page's. */
  readonly id: RowId;
  readonly page: Document | RejectedPage;
  readonly file: string;
  /** From 1, blank lines counted. */
  readonly line: number;
  /** Without the line's end. May be a view of a buffer that is read into again. */
  readonly bytes: Buffer;
}
/** A number that JavaScript's do not hold is as it was written; JSON.stringify takes it so. */
export type RowId = string | number | RawJson;
interface RawJson {
  readonly rawJSON: string;
}

type Place = Pick<Span, "file" | "location">;

/** Opens a path, glob or URL, or "-" for standard input; a file that is not there ends it here. */
export async function openInput(
  file: string,
  context: SetupContext,
  options: { readonly maxLineBytes?: number } = {},
): Promise<Input> {
  const params = jsonl.params.parse({ files: [file], ...options });
  async function* rowsOf(groups: AsyncIterable<readonly Line[]>, place: Place): AsyncGenerator<Row, void, undefined> {
    let number = 0;
    for await (const lines of groups) {
      for (const line of lines) {
        number++;
        if (isBlank(line)) continue;
        const page = readRow(line, place, params);
        yield { id: ownId(page, line), page, file: place.file, line: number, bytes: line.bytes };
      }
    }
  }
  if (file === "-") {
    return {
      locations: [file],
      totalBytes: undefined,
      bytesRead: 0,
      losses: [],
      rows: () => rowsOf(linesOfStandardInput(params.maxLineBytes), { file: "-", location: "-" }),
    };
  }
  const inputs = await planInputs([file], context, "file", params.spanBytes, {
    wholeFile: ({ location }) => compressionOf(location) !== "none",
  });
  const losses: string[] = [];
  let bytesRead = 0;
  return {
    locations: inputs.map(({ location }) => location),
    totalBytes: inputs.reduce((sum, { bytes }) => sum + bytes, 0),
    get bytesRead() {
      return bytesRead;
    },
    losses,
    async *rows() {
      // What is read again is lost again, and told once.
      losses.length = 0;
      bytesRead = 0;
      for (const input of inputs) {
        const log: SourceLog = {
          skipped: () => {},
          bytesRead: ({ length }) => {
            bytesRead += length;
          },
          lost: ({ offset, bytes, reason }) =>
            losses.push(`${input.file} @ ${offset}: ${reason}, ${bytes} bytes not read`),
        };
        yield* rowsOf(linesOf(input, log, params.maxLineBytes), input);
      }
    },
  };
}

async function* linesOf(input: PlannedInput, log: SourceLog, maxLineBytes: number): AsyncGenerator<readonly Line[]> {
  const { file, location, bytes: fileBytes, revision, spans } = input;
  for (const [index, { start, end }] of spans.entries()) {
    yield* spanLines({ index, file, location, fileBytes, revision, start, end }, log, maxLineBytes);
  }
}

async function* linesOfStandardInput(maxLineBytes: number): AsyncGenerator<readonly Line[], void, undefined> {
  const splitter = new LineSplitter({ maxLineBytes });
  for await (const chunk of process.stdin) yield splitter.push(chunk as Buffer);
  yield splitter.end();
}

/** The tag holds a number as a string; whoever joins the output with the input wants the number back. */
function ownId(page: Document | RejectedPage, line: Line): RowId {
  const tag = page.tags["source.id"];
  if (typeof tag !== "string") return page.id;
  if (!/^-?\d/.test(tag)) return tag;
  const { id } = parseExactly(line.bytes) as { id?: unknown };
  return typeof id === "string" ? id : (id as number | RawJson);
}

type Reviver = (key: string, value: unknown, context: { source: string }) => unknown;
const { parse, rawJSON } = JSON as unknown as {
  parse(text: string, reviver: Reviver): unknown;
  rawJSON(text: string): RawJson;
};

/** The row on a line, with numbers that would come back otherwise than they were written left as they are. */
export function parseExactly(bytes: Buffer): unknown {
  return parse(decodeUtf8(bytes).text, (_, value, { source }) =>
    typeof value === "number" && String(value) !== source ? rawJSON(source) : value,
  );
}

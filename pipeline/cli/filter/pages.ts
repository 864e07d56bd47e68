/** The documents of a JSON Lines file or of standard input, as the jsonl source reads them. */
import jsonl, { isBlank, readRow } from "../../../stages/sources/jsonl.ts";
import type { Document, RejectedPage, SetupContext, SourceLog, Span } from "../../index.ts";
import { compressionOf } from "../../io/decompress.ts";
import { planInputs } from "../../io/inputs.ts";
import { type Line, LineSplitter } from "../../io/lines.ts";
import { spanLines } from "../../io/span-bytes.ts";

export interface Input {
  rows(): AsyncGenerator<Row, void, undefined>;
  /** Where bytes could not be read; known when all rows have been. */
  readonly losses: readonly string[];
}
export interface Row {
  /** The row's own, or else the page's. */
  readonly id: string | number;
  readonly page: Document | RejectedPage;
}

type Place = Pick<Span, "file" | "location">;

/** Opens a path, glob or URL, or "-" for standard input; a file that is not there ends it here. */
export async function openInput(file: string, context: SetupContext): Promise<Input> {
  const params = jsonl.params.parse({ files: [file] });
  const rowOf = (line: Line, place: Place): Row => {
    const page = readRow(line, place, params);
    return { id: ownId(page, line), page };
  };
  if (file === "-") {
    return {
      losses: [],
      async *rows() {
        const place = { file: "-", location: "-" };
        for await (const lines of linesOfStandardInput(params.maxLineBytes)) {
          for (const line of lines) if (!isBlank(line)) yield rowOf(line, place);
        }
      },
    };
  }
  const inputs = await planInputs([file], context, "file", params.spanBytes, {
    wholeFile: ({ location }) => compressionOf(location) !== "none",
  });
  const losses: string[] = [];
  return {
    losses,
    async *rows() {
      for (const { file, location, bytes, revision, spans } of inputs) {
        const log: SourceLog = {
          skipped: () => {},
          bytesRead: () => {},
          lost: ({ offset, bytes, reason }) => losses.push(`${file} @ ${offset}: ${reason}, ${bytes} bytes not read`),
        };
        for (const [index, { start, end }] of spans.entries()) {
          const span: Span = { index, file, location, fileBytes: bytes, revision, start, end };
          for await (const lines of spanLines(span, log, params.maxLineBytes)) {
            for (const line of lines) if (!isBlank(line)) yield rowOf(line, span);
          }
        }
      }
    },
  };
}

async function* linesOfStandardInput(maxLineBytes: number): AsyncGenerator<readonly Line[], void, undefined> {
  const splitter = new LineSplitter({ maxLineBytes });
  for await (const chunk of process.stdin) yield splitter.push(chunk as Buffer);
  yield splitter.end();
}

/** The tag holds a number as a string; whoever joins the output with the input wants the number back. */
function ownId(page: Document | RejectedPage, line: Line): string | number {
  const tag = page.tags["source.id"];
  if (typeof tag !== "string") return page.id;
  if (!/^-?\d/.test(tag)) return tag;
  const { id } = JSON.parse(line.bytes.toString("utf8").replace(/^\ufeff/, "")) as { id?: unknown };
  return typeof id === "number" ? id : tag;
}

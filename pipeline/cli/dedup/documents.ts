/** The documents that are deduplicated: read again for every look, and numbered in input order from 0. */
import { FormatError } from "../../errors.ts";
import type { Document } from "../../index.ts";
import { isRejected } from "../../source.ts";
import type { SetupContext } from "../../stage.ts";
import { type Input, openInput, type Row } from "../filter/pages.ts";

/** A text must fit a JavaScript string, and its line another. */
const MAX_LINE_BYTES = 1 << 28;

export interface DocumentRow extends Row {
  readonly page: Document;
  readonly number: number;
}

export class Documents {
  readonly #input: Input;
  /** Numbers of the rows, where rows are missing. */
  readonly #numbers: readonly number[] | undefined;

  private constructor(input: Input, numbers?: readonly number[]) {
    this.#input = input;
    this.#numbers = numbers;
  }

  /** `numbers`: those of the rows, in order; without them they count from 0. */
  static async open(file: string, context: SetupContext, numbers?: readonly number[]): Promise<Documents> {
    return new Documents(await openInput(file, context, { maxLineBytes: MAX_LINE_BYTES }), numbers);
  }

  /** Paths and URLs of the files that are read. */
  get locations(): readonly string[] {
    return this.#input.locations;
  }

  get losses(): readonly string[] {
    return this.#input.losses;
  }

  /** How far the look is that is going on. */
  get shareRead(): number | undefined {
    const { totalBytes, bytesRead } = this.#input;
    return totalBytes === undefined || totalBytes === 0 ? undefined : bytesRead / totalBytes;
  }

  /** All rows that are documents; what is none goes to `onUnread`. */
  async *rows(onUnread: (row: Row, reason: string) => void = () => {}): AsyncGenerator<DocumentRow, void, undefined> {
    let n = 0;
    for await (const row of this.#input.rows()) {
      const { page } = row;
      if (isRejected(page)) onUnread(row, page.rejected.reason);
      else {
        const number = this.#numbers === undefined ? n : this.#numbers[n]!;
        n++;
        yield { ...row, page, number };
      }
    }
  }
}

/** What every document is called, as it is written in JSON. */
export class Ids {
  readonly #ids: string[] = [];
  readonly #lines: number[] = [];

  get count(): number {
    return this.#ids.length;
  }

  push({ id, line }: Row): void {
    this.#ids.push(JSON.stringify(id));
    this.#lines.push(line);
  }

  of(number: number): string {
    return this.#ids[number]!;
  }

  /** Raises FormatError where two documents are called the same: a pair would not tell which one is meant. */
  expectApart(file: string): void {
    const lines = new Map<string, number>();
    for (const [n, id] of this.#ids.entries()) {
      const first = lines.get(id);
      const line = this.#lines[n]!;
      if (first !== undefined) {
        throw new FormatError(
          `${file}:${line}: found the id ${id}, which line ${first} has, too; expected an id of its own: pairs and clusters name documents by their ids`,
        );
      }
      lines.set(id, line);
    }
  }
}

/** The ledger's rows of one page after the other, with what was measured on it: in one pass, a row group at a time. */
import { join } from "node:path";
import type { LedgerPage } from "../../pipeline/ledger.ts";
import { ledgerColumns, type ScoreRow } from "../../pipeline/ledger-reader.ts";

type Field = keyof LedgerPage;

/** These columns of every page, in input order. */
export async function* ledgerPages<Name extends Field>(
  run: string,
  fields: readonly Name[],
): AsyncGenerator<Pick<LedgerPage, Name>> {
  for await (const columns of ledgerColumns(join(run, "ledger", "pages.parquet"), fields)) {
    for (let row = 0; row < columns.rows; row++) {
      yield Object.fromEntries(fields.map((name) => [name, columns[name][row] ?? undefined])) as Pick<LedgerPage, Name>;
    }
  }
}

/** The same, each with its scores. Both files are in the order of the pages, so that neither is held. */
export async function* scoredPages<Name extends Field>(
  run: string,
  fields: readonly Name[],
): AsyncGenerator<{ readonly page: Pick<LedgerPage, Name | "id">; readonly scores: readonly Omit<ScoreRow, "id">[] }> {
  const rows = scoreRows(run);
  let next = await rows.next();
  for await (const page of ledgerPages(run, ["id", ...fields] as readonly (Name | "id")[])) {
    const scores: ScoreRow[] = [];
    while (!next.done && next.value.id === page.id) {
      scores.push(next.value);
      next = await rows.next();
    }
    yield { page, scores };
  }
}

async function* scoreRows(run: string): AsyncGenerator<ScoreRow> {
  const columns = ["id", "stage", "name", "value"] as const;
  for await (const { rows, id, stage, name, value } of ledgerColumns(join(run, "ledger", "scores.parquet"), columns)) {
    for (let row = 0; row < rows; row++) {
      yield { id: id[row], stage: stage[row], name: name[row], value: value[row] } as ScoreRow;
    }
  }
}

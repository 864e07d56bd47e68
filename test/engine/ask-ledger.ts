/** A ledger asked by an independent reader of Parquet: DuckDB. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { RunCounts } from "../../pipeline/manifest.ts";

export type Ask = (sql: string) => Promise<Record<string, unknown>[]>;

/** Every count in the manifest is what the ledger says. */
export async function assertLedgerAgrees(ask: Ask, counts: RunCounts): Promise<void> {
  assert.deepEqual(await ask("select count(*) n, sum(tokens) tokens from pages"), [
    { n: counts.pages, tokens: counts.tokens },
  ]);
  assert.deepEqual(await ask("select sum(textBytes) b from pages where outcome = 'kept'"), [{ b: counts.textBytes }]);
  for (const outcome of ["kept", "dropped", "quarantined"] as const) {
    assert.deepEqual(await ask(`select count(*) n from pages where outcome = '${outcome}'`), [{ n: counts[outcome] }]);
  }
  for (const [outcome, by] of [
    ["dropped", counts.droppedBy],
    ["quarantined", counts.quarantinedBy],
  ] as const) {
    const rows = await ask(`select stage, reason, count(*) n from pages where outcome = '${outcome}' group by all`);
    const found: Record<string, Record<string, number>> = {};
    for (const { stage, reason, n } of rows as { stage: string; reason: string; n: number }[])
      found[stage] = { ...found[stage], [reason]: n };
    assert.deepEqual(found, by);
  }
  for (const [file, tally] of Object.entries(counts.files)) {
    const [row] = await ask(
      `select count(*) pages, count(*) filter (outcome = 'kept') kept, count(*) filter (outcome = 'dropped') dropped, count(*) filter (outcome = 'quarantined') quarantined from pages where file = '${file}'`,
    );
    const { pages, kept, dropped, quarantined } = tally;
    assert.deepEqual(row, { pages, kept, dropped, quarantined });
  }
  // Twins are kept pages, and every page dropped as a duplicate has one.
  assert.deepEqual(
    await ask("select count(*) n from twins t join pages p on p.id = t.twin where p.outcome = 'kept'"),
    await ask("select count(*) n from pages where stage in ('exact-dedup', 'minhash-dedup')"),
  );
}

export async function openLedger(run: string): Promise<Ask> {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  for (const name of ["pages", "scores", "twins", "ends", "cuts"]) {
    await connection.run(
      `create view ${name} as select * from read_parquet('${join(run, "ledger", `${name}.parquet`)}')`,
    );
  }
  return async (sql) => {
    const rows = (await connection.runAndReadAll(sql)).getRowObjectsJson();
    // 64-bit integers come as text.
    return rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([key, value]) => [
          key,
          typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value,
        ]),
      ),
    );
  };
}

/** What a finished run says of itself, in words. */
import { join } from "node:path";
import { firstReject } from "../ledger-reader.ts";
import type { Manifest, RunCounts } from "../manifest.ts";
import { bytes, count, duration, percent, plural, table } from "./show.ts";

export function summarize(manifest: Manifest, dir: string): string {
  const { counts, measured, artifacts } = manifest;
  const { work } = measured;
  const reused = work.reused + work.extracted;
  const rate = measured.seconds === 0 ? 0 : counts.pages / measured.seconds;
  const data = artifacts.filter(({ kind }) => kind === "data");
  const facts: [string, string][] = [
    [
      "pages",
      `${count(counts.pages)} entered = ${count(counts.kept)} kept + ${count(counts.dropped)} dropped + ${count(counts.quarantined)} quarantined`,
    ],
    ["text", `${bytes(counts.textBytes)} kept${counts.tokens === 0 ? "" : `, ${count(counts.tokens)} tokens`}`],
    [
      "damage",
      counts.lostBytes === 0
        ? ""
        : `${bytes(counts.lostBytes)} of input could not be read; counts.files in the manifest says where`,
    ],
    [
      "time",
      `${duration(measured.seconds)}, ${rate.toFixed(0)} pages/s on ${measured.workers} workers, ${count(measured.peakRssMb)} MB memory at most`,
    ],
    ["cache", reused === 0 ? "" : `${reused} of ${reused + work.read} spans were already done`],
    [
      "output",
      `${plural(data.length, "file")}, ${bytes(data.reduce((sum, one) => sum + one.bytes, 0))} in ${join(dir, "data")}`,
    ],
    ["run", manifest.id.slice(0, 16)],
  ];
  return [
    "",
    funnelOf(manifest),
    "",
    ...facts.filter(([, value]) => value !== "").map(([key, value]) => `  ${key.padEnd(8)}${value}`),
    ...quarantineOf(manifest, dir),
    "",
    `why a page was kept or dropped:  npx sluice why ${dir} URL`,
    `what is in a file:               npx sluice inspect ${data[0] === undefined ? dir : join(dir, data[0].path)}`,
  ].join("\n");
}

/** What went wrong first: a stage of one's own that throws on every page has one thing to say. */
function quarantineOf({ counts }: Manifest, dir: string): string[] {
  if (counts.quarantined === 0) return [];
  const first = firstReject(dir, "quarantine");
  return ["", `quarantined first: ${first?.detail ?? "?"} (${join(dir, "quarantine")} has all)`];
}

/** Each step with what it took out, and the most frequent reasons. */
function funnelOf({ counts }: Manifest): string {
  const rows: string[][] = [["entered", count(counts.pages), "", ""]];
  for (const [step, passed] of counts.funnel) {
    const reasons = reasonsOf(counts, step);
    const lost = reasons.reduce((sum, [, pages]) => sum + pages, 0);
    const named = reasons.slice(0, 3).map(([reason, pages]) => `${reason} ${count(pages)}`);
    const dropped = lost === 0 ? "" : `−${count(lost)}: ${named.join(", ")}${reasons.length > 3 ? ", …" : ""}`;
    const why = [dropped, cutOf(counts, step)].filter((part) => part !== "").join("; ");
    rows.push([`after ${step}`, count(passed), percent(passed, counts.pages), why]);
  }
  const width = Math.max(...rows.map(([, , , why]) => why!.length));
  return table(rows.map(([step, pages, share, why]) => [step!, pages!, share!, why!.padEnd(width)]));
}

function cutOf({ cutBy }: RunCounts, stage: string): string {
  // Runs of earlier versions do not have the field.
  const cut = cutBy?.[stage];
  return cut === undefined ? "" : `cut ${count(cut.units)} characters out of ${count(cut.pages)} pages`;
}

function reasonsOf(counts: RunCounts, stage: string): [string, number][] {
  const dropped = Object.entries(counts.droppedBy[stage] ?? {});
  const quarantined = Object.entries(counts.quarantinedBy[stage] ?? {}).map(([reason, n]): [string, number] => [
    `${reason} (quarantined)`,
    n,
  ]);
  return [...dropped, ...quarantined].sort((a, b) => b[1] - a[1]);
}

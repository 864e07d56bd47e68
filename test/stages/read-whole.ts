import assert from "node:assert/strict";
import type { BlockPage } from "../../stages/extract/blocks/block-page.ts";
import { featuresOf } from "../../stages/extract/blocks/features.ts";
import { renderBlocks } from "../../stages/extract/blocks/render.ts";
import { readPage } from "../../stages/extract/blocks/scanner.ts";

/** Reads, measures and renders a page, and checks what holds of any. */
export function readWhole(html: string): BlockPage {
  const page = readPage(html);
  const rows = featuresOf(page);
  const keep = new Uint8Array(page.count).fill(1);
  for (const format of ["text", "markdown"] as const) {
    const text = renderBlocks(page, keep, format);
    assert.ok(text.isWellFormed() && !/[\0-\x08\x0e-\x1f]/.test(text));
    assert.ok(text.length <= (format === "text" ? 1 : 4) * html.length);
  }
  let before = 0;
  for (let block = 0; block < page.count; block++) {
    assert.ok(page.starts[block]! >= before && page.ends[block]! > page.starts[block]!);
    before = page.ends[block]!;
    for (const container of [page.owners[block]!, page.holders[block]!]) {
      assert.ok(container >= 0 && container < page.containers.count);
    }
    const units = page.ends[block]! - page.starts[block]!;
    for (const part of [page.linkUnits, page.boldUnits, page.codeUnits]) assert.ok(part[block]! <= units);
  }
  assert.ok(before <= page.units.length);
  for (let container = 1; container < page.containers.count; container++) {
    assert.ok(page.containers.parents[container]! < container);
  }
  assert.ok(rows.every(Number.isFinite));
  return page;
}

/** How long something keeps the processor, whoever else uses it. */
export function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

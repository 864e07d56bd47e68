import assert from "node:assert/strict";

export function assertNear(found: number, expected: number, relative: number, what = ""): void {
  const message = `${what} found ${found}, expected ${expected}`.trim();
  assert.ok(Math.abs(found - expected) <= relative * Math.abs(expected), message);
}

/** Learning rates by step. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cosineRate, rateAt, Schedule } from "../../trainer/optimizer/schedule.ts";

test("the cosine goes as in the CS336 hand-out: peak 1, least 0.1, warm-up 7, end 21", () => {
  const expected = [
    ...[0, 1 / 7, 2 / 7, 3 / 7, 4 / 7, 5 / 7, 6 / 7, 1, 0.9887175604818206, 0.9554359905560885, 0.9018241671106134],
    ...[0.8305704108364301, 0.7452476826029011, 0.6501344202803414, 0.55, 0.44986557971965857, 0.3547523173970989],
    ...[0.26942958916356996, 0.19817583288938662, 0.14456400944391146, 0.11128243951817937, 0.1, 0.1, 0.1, 0.1],
  ];
  for (const [step, rate] of expected.entries()) {
    const found = cosineRate(step, { peak: 1, least: 0.1, warmup: 7, end: 21 });
    assert.ok(Math.abs(found - rate) < 1e-12, `step ${step}: ${found}, expected ${rate}`);
  }
});

test("every schedule rises to its peak, and ends at its floor", () => {
  for (const use of ["cosine", "linear", "wsd"] as const) {
    const schedule = Schedule.parse({ use, peak: 2, floor: 0.25, warmup: 10 });
    assert.equal(rateAt(5, 100, schedule), 1);
    assert.equal(rateAt(10, 100, schedule), 2);
    assert.ok(Math.abs(rateAt(100, 100, schedule) - 0.5) < 1e-12, use);
    for (let step = 11; step <= 100; step++) assert.ok(rateAt(step, 100, schedule) <= rateAt(step - 1, 100, schedule));
  }
  assert.equal(rateAt(70, 100, Schedule.parse({ use: "wsd", peak: 2, warmup: 0.1 })), 2);
  assert.equal(rateAt(100, 100, Schedule.parse({ use: "constant", peak: 2 })), 2);
});

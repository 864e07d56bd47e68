/** Runs conformance cases on a backend and compares: |found - expected| <= atol + rtol · |expected|, NaN with NaN. */
import { FormatError, oneLine } from "../../pipeline/errors.ts";
import type { Backend } from "../backends/backend.ts";
import { sameShape, showShape } from "../ir/tensor.ts";
import { Given, type Results } from "./case.ts";
import { CASES } from "./cases/index.ts";
import { arraysOf, type Fixture, readFixtures } from "./fixtures.ts";
import type { NpyArray } from "./npy.ts";

/** For cases that name none. */
const DEFAULT_ATOL = 1e-4;

export interface Outcome {
  readonly case: string;
  readonly backend: string;
  readonly passes: boolean;
  /** Infinite where one of two is no number, or there is no result to compare. */
  readonly largestError: number;
  readonly atol: number;
  readonly rtol: number;
  /** The case names no atol: it is ours. */
  readonly isDefaultAtol: boolean;
  /** Numbers that were compared. */
  readonly compared: number;
  /** Where it fails: the element that is furthest outside, or what was thrown. */
  readonly fault?: string;
}

/** Every case that `cases.json` lists, each on every backend. Raises FormatError where the fixtures are damaged. */
export async function* runConformance(casesPath: string, backends: readonly Backend[]): AsyncGenerator<Outcome> {
  const fixtures = readFixtures(casesPath);
  if (fixtures.length === 0) throw new FormatError(`${casesPath}: found no cases, expected a list of some`);
  for (const { test } of fixtures) {
    if (!CASES.has(test)) {
      throw new FormatError(`${casesPath}: unknown case "${test}" (there are: ${[...CASES.keys()].join(", ")})`);
    }
  }
  for (const fixture of fixtures) {
    const inputs = arraysOf(casesPath, fixture.inputs);
    const expected = arraysOf(casesPath, [fixture.expected]);
    for (const backend of backends) yield await outcomeOf(fixture, inputs, expected, backend);
  }
}

type Arrays = ReadonlyMap<string, NpyArray>;

async function outcomeOf(fixture: Fixture, inputs: Arrays, expected: Arrays, backend: Backend): Promise<Outcome> {
  const { test, atol, rtol = 0 } = fixture;
  const tolerance = { atol: atol ?? DEFAULT_ATOL, rtol };
  const head = { case: test, backend: backend.name, ...tolerance, isDefaultAtol: atol === undefined };
  try {
    const results = await CASES.get(test)!(new Given(inputs), backend);
    return { ...head, ...compare(results, expected, tolerance) };
  } catch (error) {
    // What one case needs may be what a backend lacks; the others still tell something.
    const fault = oneLine(error);
    return { ...head, passes: false, largestError: Number.POSITIVE_INFINITY, compared: 0, fault };
  }
}

/** Every expected array must have a result. */
function compare(
  results: Results,
  expected: Arrays,
  { atol, rtol }: { atol: number; rtol: number },
): Pick<Outcome, "passes" | "largestError" | "compared" | "fault"> {
  let largestError = 0;
  let compared = 0;
  let furthest = { outside: 0, fault: "" };
  for (const [name, { shape, values }] of expected) {
    const result = results[name];
    if (result === undefined) throw new FormatError(`the case has no result for ${name}`);
    if (!sameShape(result.shape, shape)) {
      throw new FormatError(`${name}: found a result ${showShape(result.shape)}, expected ${showShape(shape)}`);
    }
    for (const [i, wanted] of values.entries()) {
      const found = result.values[i]!;
      const error = errorOf(found, wanted);
      // What is infinitely wrong is never within a share of an infinite expectation.
      const outside = Number.isFinite(error) ? error - (atol + rtol * Math.abs(wanted)) : error;
      compared++;
      largestError = Math.max(largestError, error);
      if (outside > furthest.outside) {
        furthest = { outside, fault: `${name}[${i}]: found ${found}, expected ${wanted}` };
      }
    }
  }
  const passes = furthest.outside === 0;
  return { passes, largestError, compared, ...(!passes && { fault: furthest.fault }) };
}

/** Infinite where exactly one of the two is no number. */
function errorOf(found: number, expected: number): number {
  if (Object.is(found, expected) || found === expected) return 0;
  const error = Math.abs(found - expected);
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
}

import { seededRandom } from "../pipeline/random.ts";
import type { Backend } from "./backends/backend.ts";
import { matmul } from "./ir/ops/index.ts";
import { input } from "./ir/tensor.ts";

/** What a backend reaches in products of 1024 by 1024, in FLOP/s: the best of a few runs. */
export async function measurePeak(backend: Backend, { size = 1024, runs = 40 } = {}): Promise<number> {
  const [a, b] = [input("a", [size, size]), input("b", [size, size])];
  const executable = await backend.compile({ outputs: { product: matmul(a, b) } });
  const random = seededRandom(1);
  // Random numbers: zeros cost less power, and some processors then run faster.
  for (const values of Object.values(executable.inputs)) values.set(Float32Array.from(values, random));
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    await executable.run();
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  await executable.close();
  return (2 * size ** 3) / best;
}

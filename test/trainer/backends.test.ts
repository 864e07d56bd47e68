/** Every backend computes what the reference does: results and gradients of every op, on seeded random inputs. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Backend } from "../../trainer/backends/backend.ts";
import { onnxBackend } from "../../trainer/backends/onnx/onnx.ts";
import { referenceBackend } from "../../trainer/backends/reference.ts";
import { tfjsBackend } from "../../trainer/backends/tfjs.ts";
import { gradients } from "../../trainer/ir/autodiff.ts";
import { input, ops } from "./ir.ts";
import { cases } from "./programs.ts";

const webgpu = await onnxBackend({ provider: "webgpu" });
/** Why there is no graphics card, where there is none. */
const noCard = await webgpu.compile({ outputs: { two: ops.neg(ops.neg(input("x", [1]))) } }).then(
  async (executable) => void (await executable.close()),
  (error: Error) => error,
);

const BACKENDS: readonly { readonly backend: Backend; readonly tolerance: number }[] = [
  { backend: await onnxBackend({ threads: 2 }), tolerance: 1e-5 },
  // Its erf is an approximation to 1.5e-7, and errors add up in gradients.
  { backend: await tfjsBackend(), tolerance: 1e-4 },
  ...(noCard === undefined ? [{ backend: webgpu, tolerance: 1e-4 }] : []),
];

test("where no graphics card is to be reached, one sentence says so", {
  skip: noCard === undefined && "there is one",
}, () => {
  assert.equal(noCard?.name, "RecipeError");
  assert.match(
    noCard?.message ?? "",
    /^backend "onnx-webgpu": no graphics card is to be reached by .*; "onnx" does without$/,
  );
});

test("ONNX Runtime keeps no id of the machine, and reports nothing", (t) => {
  const home = mkdtempSync(join(tmpdir(), "sluice-home-"));
  t.after(() => rmSync(home, { recursive: true }));
  const program = `
    import { onnxBackend } from ${JSON.stringify(import.meta.resolve("../../trainer/backends/onnx/onnx.ts"))};
    import { input, ops } from ${JSON.stringify(import.meta.resolve("./ir.ts"))};
    const backend = await onnxBackend({ threads: 1 });
    await (await backend.compile({ outputs: { y: ops.neg(input("x", [1])) } })).close();
  `;
  const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env; // Set by this file's own backends.
  execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
    env: { ...env, HOME: home, XDG_CACHE_HOME: join(home, "cache"), TMPDIR: home },
  });
  assert.deepEqual(readdirSync(home), []);
});

for (const { backend, tolerance } of BACKENDS) {
  for (const { name, inputs, result, values } of cases()) {
    test(`${backend.name} computes ${name} and its gradient as the reference does`, async () => {
      const floats = inputs.filter(({ kind }) => kind === "float");
      const loss = ops.total(ops.mul(result, result));
      const program = {
        outputs: {
          result,
          loss,
          ...Object.fromEntries(gradients(loss, floats).map((gradient, n) => [`d${n}`, gradient])),
        },
      };
      const [expected, found] = await Promise.all([referenceBackend("f64").compile(program), backend.compile(program)]);
      for (const executable of [expected, found]) {
        for (const [n, input] of inputs.entries()) {
          // What single precision cannot hold is no fault of a backend.
          executable.inputs[input.name!]?.set(Float32Array.from(values[n]!));
        }
        await executable.run();
      }
      for (const [output, numbers] of Object.entries(expected.outputs)) {
        const largest = Array.from(numbers).reduce((most, x) => Math.max(most, Math.abs(x)), 1);
        for (const [i, number] of numbers.entries()) {
          const difference = Math.abs(found.outputs[output]![i]! - number) / largest;
          assert.ok(difference <= tolerance, `${output}[${i}]: ${found.outputs[output]![i]}, expected ${number}`);
        }
      }
      await found.close();
    });
  }
}

for (const backend of [referenceBackend(), ...BACKENDS.map((one) => one.backend)]) {
  test(`${backend.name} takes the first of equals for the largest`, async () => {
    // Wide enough for blocks of a processor's vectors.
    const rows = [0, 1, 31, 32, 99].map((first) => Array.from({ length: 100 }, (_, k) => (k < first ? -k - 1 : 7)));
    const executable = await backend.compile({ outputs: { ids: ops.argmax(input("x", [rows.length, 100])) } });
    executable.inputs.x!.set(rows.flat());
    await executable.run();
    assert.deepEqual([...executable.outputs.ids!], [0, 1, 31, 32, 99]);
    await executable.close();
  });
}

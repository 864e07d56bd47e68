/** The definition: every op as its plain TypeScript says, one after the other. Slow, exact, and everywhere to be had. */
import type { Values } from "../ir/op.ts";
import { OPS } from "../ir/ops/index.ts";
import { inOrderOfUse, inputsOf, type Program, sizeOf, type Tensor } from "../ir/tensor.ts";
import type { Backend, Executable } from "./backend.ts";

/** In single precision, as the other backends compute, or in double, to find out how exact those are. */
export function referenceBackend(precision: "f32" | "f64" = "f32"): Backend {
  const empty = (tensor: Tensor): Values => {
    const size = sizeOf(tensor.shape);
    if (tensor.kind === "int") return new Int32Array(size);
    return precision === "f64" ? new Float64Array(size) : new Float32Array(size);
  };
  return {
    name: "reference",
    async compile(program: Program, storage = {}): Promise<Executable> {
      const order = inOrderOfUse(Object.values(program.outputs));
      const values = new Map(order.map((tensor) => [tensor, storage[tensor.name ?? ""] ?? empty(tensor)]));
      for (const tensor of order) if (tensor.values !== undefined) values.get(tensor)!.set(tensor.values);
      const inputs = [...inputsOf(program)].map(([name, tensor]) => [name, values.get(tensor)!]);
      const outputs = Object.entries(program.outputs).map(([name, tensor]) => [name, values.get(tensor)!]);
      return {
        inputs: Object.fromEntries(inputs),
        outputs: Object.fromEntries(outputs),
        async run() {
          for (const tensor of order) {
            const op = OPS.get(tensor.op);
            if (op === undefined) continue; // An input or a constant.
            const out = values.get(tensor)!;
            out.fill(0);
            op.evaluate(
              out,
              tensor.inputs.map((input) => values.get(input)!),
              tensor,
            );
          }
        },
        async close() {},
      };
    },
  };
}

/** The backends by name. */
import type { Backend } from "./backend.ts";
import { onnxBackend } from "./onnx/onnx.ts";
import { referenceBackend } from "./reference.ts";
import { tfjsBackend } from "./tfjs.ts";

export const BACKENDS = ["onnx", "onnx-webgpu", "onnx-cuda", "reference", "tfjs"] as const;
export type BackendName = (typeof BACKENDS)[number];

/** Raises RecipeError where what a backend needs is not installed. */
export async function backendNamed(name: BackendName, threads?: number): Promise<Backend> {
  switch (name) {
    case "onnx":
      return onnxBackend(threads === undefined ? {} : { threads });
    case "onnx-webgpu":
      return onnxBackend({ provider: "webgpu" });
    case "onnx-cuda":
      return onnxBackend({ provider: "cuda" });
    case "reference":
      return referenceBackend();
    case "tfjs":
      return tfjsBackend();
  }
}

/** What kernels in WebAssembly have in common: the namespace, as far as it is used, and how memory is counted. */
import { readFileSync } from "node:fs";

declare global {
  // TypeScript declares it only beside everything else that browsers have.
  namespace WebAssembly {
    class Module {
      constructor(bytes: Uint8Array);
    }
    class Instance {
      constructor(module: Module, imports: object);
      readonly exports: unknown;
    }
    class Memory {
      constructor(pages: { initial: number; maximum: number });
      readonly buffer: ArrayBuffer;
      grow(pages: number): number;
    }
  }
}

export const WASM_PAGE_BYTES = 65_536;
/** 4 GB. */
export const WASM_MOST_PAGES = 65_536;

/** Compiles the module in a file. */
export function compileWasm(file: URL): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(file));
}

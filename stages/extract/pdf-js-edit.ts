/**
 * One change to pdf.js's source as it is loaded. For every glyph pdf.js multiplies its matrices several times, by a helper
 * that all of its code calls with arrays of every sort, which V8 compiles to its slowest: that helper takes a quarter of
 * the time. Written out where it is needed, the same products in the same order cost next to nothing, and give the same
 * bits. A version of pdf.js that has other code there is left as it is.
 */
import { registerHooks } from "node:module";

/** As pdf.js 5.6 has it. */
const PRODUCT_BY_HELPER = "return Util.transform(textState.ctm, Util.transform(textState.textMatrix, tsm));";

const PRODUCT = `const [s0, s1, s2, s3, s4, s5] = tsm;
      const t = textState.textMatrix;
      const t0 = t[0], t1 = t[1], t2 = t[2], t3 = t[3];
      const m0 = t0 * s0 + t2 * s1, m1 = t1 * s0 + t3 * s1;
      const m2 = t0 * s2 + t2 * s3, m3 = t1 * s2 + t3 * s3;
      const m4 = t0 * s4 + t2 * s5 + t[4], m5 = t1 * s4 + t3 * s5 + t[5];
      const c = textState.ctm;
      const c0 = c[0], c1 = c[1], c2 = c[2], c3 = c[3];
      return [c0 * m0 + c2 * m1, c1 * m0 + c3 * m1, c0 * m2 + c2 * m3, c1 * m2 + c3 * m3, c0 * m4 + c2 * m5 + c[4], c1 * m4 + c3 * m5 + c[5]];`;

/** The source with the products written out, or as it is if it has not exactly one such place. */
export function withProductsWrittenOut(source: string): string {
  const parts = source.split(PRODUCT_BY_HELPER);
  return parts.length === 2 ? parts.join(PRODUCT) : source;
}

/** Imports a module by `load`, the source at `url` changed on the way. */
export async function importEdited<T>(
  url: string,
  edit: (source: string) => string,
  load: () => Promise<T>,
): Promise<T> {
  const hooks = registerHooks({
    load(asked, context, nextLoad) {
      const loaded = nextLoad(asked, context);
      if (asked !== url || loaded.source === undefined || loaded.source === null) return loaded;
      return { ...loaded, source: edit(textOf(loaded.source)) };
    },
  });
  try {
    return await load();
  } finally {
    hooks.deregister();
  }
}

const textOf = (source: string | ArrayBuffer | NodeJS.TypedArray): string =>
  typeof source === "string" ? source : new TextDecoder().decode(source);

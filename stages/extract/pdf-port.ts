/**
 * What the two halves of pdf.js talk through when they share a thread. pdf.js's own port clones every message, text
 * included, as if a thread were crossed; this one hands text over as it is.
 *
 * Only text: the half that reads files lets go of the items and styles that it has sent, but goes on with the object that
 * holds them. Of other messages that is not known, so they are cloned, unless they hold nothing that could be shared.
 */

type Listener = (event: { readonly data: unknown }) => void;

export class TextHandingPort {
  readonly #listeners = new Set<Listener>();

  postMessage(message: object, transfer?: ArrayBuffer[]): void {
    const data = handedOver(message) ?? structuredClone(message, { transfer: transfer ?? [] });
    queueMicrotask(() => {
      for (const listener of [...this.#listeners]) listener({ data });
    });
  }

  addEventListener(_type: string, listener: Listener, { signal }: { readonly signal?: AbortSignal } = {}): void {
    this.#listeners.add(listener);
    signal?.addEventListener("abort", () => this.removeEventListener(_type, listener));
  }

  removeEventListener(_type: string, listener: Listener): void {
    this.#listeners.delete(listener);
  }
}

/** The message as its receiver may have it, or nothing if it has to be cloned. */
function handedOver(message: object): object | undefined {
  const { chunk } = message as { readonly chunk?: { readonly items?: unknown } };
  if (Array.isArray(chunk?.items)) return { ...message, chunk: { ...chunk } };
  return Object.values(message).every(isPrimitive) ? { ...message } : undefined;
}

const isPrimitive = (value: unknown) => value === null || (typeof value !== "object" && typeof value !== "function");

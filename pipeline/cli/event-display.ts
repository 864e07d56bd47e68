/** Shows the events of long work: one live view on a terminal, a line every ten seconds elsewhere, JSON lines when asked. */
import { createLogUpdate } from "log-update";

const LINE_EVERY_MS = 10_000;

export interface Display<E> {
  readonly onEvent: (event: E) => void;
  /** Ends the live view. May be called again. */
  readonly close: () => void;
}

/** The events of type `T`. */
export type OfType<E, T> = Extract<E, { readonly type: T }>;

interface AnyEvent {
  readonly type: string;
}

/** Words for events. Those of type `T` tell how far the work is, and come often. */
export interface Words<E extends AnyEvent, T extends E["type"]> {
  readonly progress: readonly T[];
  /** What a terminal shows until the next one, also in several lines. */
  readonly live: (event: OfType<E, T>) => string;
  /** The same in a line, where there is no terminal. */
  readonly plain: (event: OfType<E, T>) => string;
  /** Whether a line is due however short ago the last one was. */
  readonly isDue?: (event: OfType<E, T>) => boolean;
  /** A line for any other event; none where it is not worth one. */
  readonly line: (event: Exclude<E, { readonly type: T }>) => string | undefined;
}

export function openDisplay<E extends AnyEvent, T extends E["type"]>(json: boolean, words: Words<E, T>): Display<E> {
  if (json) return { onEvent: (event) => console.log(JSON.stringify(event)), close: () => {} };
  // Where a terminal has no width, a live view would be empty.
  const isLive = process.stderr.isTTY && process.stderr.columns > 0;
  const view = isLive ? liveView(words.live) : plainLines(words.plain, words.isDue);
  return {
    onEvent(event) {
      if ((words.progress as readonly string[]).includes(event.type)) return view.progress(event as OfType<E, T>);
      const line = words.line(event as Exclude<E, { readonly type: T }>);
      if (line !== undefined) view.note(line);
    },
    close: view.close,
  };
}

interface View<P> {
  readonly progress: (event: P) => void;
  readonly note: (line: string) => void;
  readonly close: () => void;
}

function liveView<P>(draw: (event: P) => string): View<P> {
  const update = createLogUpdate(process.stderr);
  return {
    // Lines that wrap are hard to read, and jump.
    progress: (event) => update(draw(event).replace(/^.*$/gm, (line) => line.slice(0, process.stderr.columns - 1))),
    note(line) {
      update.clear();
      console.error(line);
    },
    close: () => update.done(),
  };
}

function plainLines<P>(draw: (event: P) => string, isDue: ((event: P) => boolean) | undefined): View<P> {
  let lastMs = Number.NEGATIVE_INFINITY;
  return {
    progress(event) {
      if (isDue?.(event) !== true && Date.now() - lastMs < LINE_EVERY_MS) return;
      lastMs = Date.now();
      console.error(draw(event));
    },
    note: (line) => console.error(line),
    close: () => {},
  };
}

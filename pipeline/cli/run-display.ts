/** Words for a run's events. */
import type { Progress, RunEvent } from "../events.ts";
import { type Display, openDisplay } from "./event-display.ts";
import { bar, bytes, count, duration, percent, plural, table } from "./show.ts";

export function openRunDisplay(json: boolean): Display<RunEvent> {
  let wasDeciding = false;
  return openDisplay<RunEvent, "progress">(json, {
    progress: ["progress"],
    live: draw,
    plain: lineOf,
    isDue: ({ phase }) => {
      const isDeciding = phase === "deciding";
      const isNew = isDeciding !== wasDeciding;
      wasDeciding = isDeciding;
      return isNew;
    },
    line: describe,
  });
}

function draw(p: Progress): string {
  const perSecond = (amount: number) => (p.elapsedSeconds === 0 ? 0 : amount / p.elapsedSeconds);
  const facts = [
    `${count(p.pages)} pages`,
    `${perSecond(p.pages).toFixed(0)} pages/s`,
    `${perSecond(p.bytesDone / 1e6).toFixed(1)} MB/s`,
    `${count(p.tokens)} tokens`,
    `${count(p.rssMb)} MB memory`,
    duration(p.elapsedSeconds),
  ].join("  ");
  return [headOf(p), facts, ...(p.funnel.length === 0 ? [] : [drawFunnel(p.funnel)])].join("\n");
}

function headOf(p: Progress): string {
  if (p.phase === "deciding") return partOf(p);
  // Bytes are read once; what follows is told by spans.
  const areRead = p.bytesDone >= p.bytes;
  const [done, all] = areRead ? [p.spansDone, p.spans] : [p.bytesDone, p.bytes];
  const amount = areRead ? `${count(done)} of ${count(all)} spans` : `${bytes(done)} of ${bytes(all)}`;
  const eta = p.etaSeconds === undefined ? [] : [`about ${duration(p.etaSeconds)} left`];
  return [`${bar(all === 0 ? 1 : done / all, 30)} ${percent(done, all)}`, ...eta, partOf(p), amount].join("  ");
}

/** Which part of the run it is in. */
function partOf({ phase, part }: Progress): string {
  if (phase === "reading" && part !== undefined) return `reading up to ${part}`;
  if (phase === "deciding") return `deciding: ${part ?? "which of like pages stay"}`;
  return phase;
}

/** The funnel: what each stage let through, as bars. */
export function drawFunnel(funnel: Progress["funnel"], extra: (stage: string) => string = () => ""): string {
  const entered = funnel[0]?.[1] ?? 0;
  return table(
    funnel.map(([stage, passed]) => [
      stage,
      bar(entered === 0 ? 0 : passed / entered, 24),
      count(passed),
      percent(passed, entered),
      extra(stage),
    ]),
  );
}

function lineOf(p: Progress): string {
  const spans = p.phase === "deciding" ? "" : `, span ${p.spansDone}/${p.spans}`;
  // Before pages are written, none are known to be kept.
  const kept = p.funnel.length === 0 ? "" : `, ${count(p.kept)} kept, ${count(p.tokens)} tokens`;
  const eta = p.etaSeconds === undefined ? "" : `, about ${duration(p.etaSeconds)} left`;
  return `${duration(p.elapsedSeconds)}: ${partOf(p)}${spans}, ${count(p.pages)} pages${kept}, ${count(p.rssMb)} MB${eta}`;
}

/** The events worth a line of their own. */
function describe(event: Exclude<RunEvent, Progress>): string | undefined {
  switch (event.type) {
    case "start": {
      const lines = [
        `${plural(event.inputs, "input")}, ${bytes(event.bytes)} in ${plural(event.spans, "span")}, ${plural(event.workers, "worker")} → ${event.out}`,
      ];
      return [...lines, ...event.warnings.map((warning) => `note: ${warning}`)].join("\n");
    }
    case "convicted":
      return `quarantined: page ${event.ordinal} of span ${event.span} (${event.file}) in ${event.stage}: ${event.reason}, ${event.detail}`;
    case "restart":
      return `the engine process died (${event.cause}); started again, ${event.suspects} pages under suspicion`;
    case "log":
      return event.text;
    case "span":
      return event.lostBytes === 0
        ? undefined
        : `${event.file}: span ${event.span}: ${bytes(event.lostBytes)} could not be read (the manifest says where)`;
  }
}

import type { Manifest } from "../../pipeline/manifest.ts";
import { labelOf } from "../../pipeline/stage.ts";
import type { ArmReport } from "../report/report-data.ts";
import { scoredPages } from "./ledger-pages.ts";

/** The stage whose scores are the probabilities of languages, by label. */
const LANGUAGE = "language";
const MOST_LANGUAGES = 12;
const MOST_HOSTS = 20;
/** Of pages without a score, or without a host in their URL. */
const UNKNOWN = "unknown";

export type Coverage = Pick<ArmReport, "languages" | "hosts">;

/**
 * Shares of kept text bytes, the largest first: by the likeliest language (none where no language stage ran), and by host.
 * Smaller ones are told together. Holds every host's name once.
 */
export async function coverageOf(run: string, { identity }: Manifest): Promise<Coverage> {
  const telling = new Set(identity.stages.filter(({ name }) => name === LANGUAGE).map(labelOf));
  const languages = new Map<string, number>();
  const hosts = new Map<string, number>();
  const add = (map: Map<string, number>, name: string, bytes: number): void =>
    void map.set(name, (map.get(name) ?? 0) + bytes);
  for await (const { page, scores } of scoredPages(run, ["outcome", "url", "textBytes"])) {
    if (page.outcome !== "kept") continue;
    add(hosts, hostOf(page.url), page.textBytes);
    let best: { readonly name: string; readonly value: number } | undefined;
    for (const score of scores) {
      if (telling.has(score.stage) && (best === undefined || score.value > best.value)) best = score;
    }
    add(languages, best?.name ?? UNKNOWN, page.textBytes);
  }
  return {
    languages: telling.size > 0 ? largest(languages, MOST_LANGUAGES, "languages") : [],
    hosts: largest(hosts, MOST_HOSTS, "hosts"),
  };
}

function hostOf(url: string): string {
  const host = URL.canParse(url) ? new URL(url).hostname : "";
  return host === "" ? UNKNOWN : host;
}

/** Ties go to the name that sorts first: otherwise the list depends on the order of pages. */
function largest(bytes: ReadonlyMap<string, number>, most: number, what: string): { name: string; share: number }[] {
  const total = [...bytes.values()].reduce((sum, one) => sum + one, 0);
  if (total === 0) return [];
  const ranked = [...bytes].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const shown = ranked.slice(0, most).map(([name, one]) => ({ name, share: one / total }));
  const rest = ranked.slice(most);
  if (rest.length === 0) return shown;
  const share = rest.reduce((sum, [, one]) => sum + one, 0) / total;
  return [...shown, { name: `${rest.length} other ${what}`, share }];
}

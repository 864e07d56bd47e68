/** One page through the extractor that reads its type. */
import extractFeed from "../../../stages/extract/feed.ts";
import extractHtml from "../../../stages/extract/html.ts";
import extractPdf from "../../../stages/extract/pdf.ts";
import extractText from "../../../stages/extract/text.ts";
import type { RawPage, Tags } from "../../document.ts";
import { RecipeError } from "../../errors.ts";
import { contextFor } from "../../recipe.ts";
import { type ExtractorDefinition, parseParams } from "../../stage.ts";
import { type Dropped, isDropped } from "../../verdict.ts";
import { type InputOptions, readPage } from "./input.ts";

/** What reads a page that stands alone. */
const EXTRACTORS: readonly ExtractorDefinition[] = [extractHtml, extractPdf, extractFeed, extractText];

export type ExtractedPage = {
  readonly url: string;
  readonly mediaType: string;
  readonly bytes: number;
  /** The extractor. */
  readonly stage: string;
} & (Dropped | { readonly kept: true; readonly tags: Tags; readonly text: string });

/** Reads a path, an http(s) URL or "-", and takes its text. `params` are those of the extractor that reads its type. */
export async function extractPage(
  place: string,
  options: InputOptions & { readonly params?: Readonly<Record<string, unknown>> } = {},
): Promise<ExtractedPage> {
  const page = await readPage(place, options);
  const extractor = extractorFor(page, place);
  const params = parseParams(extractor, options.params ?? {}, () => extractor.name);
  const state = await extractor.setup?.(params as never, contextFor(process.cwd(), 1));
  const result = await extractor.extract(page, params as never, state);
  const { url, mediaType, body } = page;
  const about = { url, mediaType, bytes: body.length, stage: extractor.name };
  if (isDropped(result)) return { ...about, ...result };
  return { ...about, kept: true, tags: result.tags ?? {}, text: result.text };
}

function extractorFor({ mediaType, body }: RawPage, place: string): ExtractorDefinition {
  const found = EXTRACTORS.find(({ accepts }) => accepts.includes(mediaType));
  if (found !== undefined) return found;
  if (body.length === 0) throw new RecipeError(`${place}: found no bytes at all, expected a page`);
  const known = EXTRACTORS.flatMap(({ accepts }) => accepts).join(", ");
  throw new RecipeError(`${place}: found ${mediaType}, expected one of ${known}; say what it is with --media-type`);
}

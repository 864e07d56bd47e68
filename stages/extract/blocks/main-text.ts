/** HTML → main text, by our own engine: blocks, what each is like, which of them to keep, and their text. */

import type { BlockPage } from "./block-page.ts";
import { addComments, dropCaptions, visibleBlocks } from "./choice.ts";
import type { Favor, MainTextModel } from "./model/main-text.ts";
import type { PageFacts } from "./page-facts.ts";
import type { TextFormat } from "./render.ts";

export interface MainTextOptions {
  readonly favor: Favor;
  readonly format: TextFormat;
  /** With `format: markdown`, whether links keep their address. */
  readonly links: boolean;
  /** Whether readers' comments are wanted, too. */
  readonly comments: boolean;
  /** Whether all text is wanted that the page shows. */
  readonly boilerplate: boolean;
  /** Whether captions of figures may be kept. */
  readonly captions: boolean;
  /** Whether the page is XHTML by its media type. */
  readonly isXml: boolean;
}

export interface MainText {
  /** Empty where the page has none. */
  readonly text: string;
  readonly facts: PageFacts;
}

export class MainTextEngine {
  readonly #scanner: typeof import("./scanner.ts");
  readonly #render: typeof import("./render.ts");
  readonly #model: MainTextModel;

  /** Loaded by those who ask for it: the tables and the model take a moment. */
  static async load(): Promise<MainTextEngine> {
    const [scanner, render, { MainTextModel }] = await Promise.all([
      import("./scanner.ts"),
      import("./render.ts"),
      import("./model/main-text.ts"),
    ]);
    return new MainTextEngine(scanner, render, MainTextModel.load());
  }

  private constructor(
    scanner: typeof import("./scanner.ts"),
    render: typeof import("./render.ts"),
    model: MainTextModel,
  ) {
    this.#scanner = scanner;
    this.#render = render;
    this.#model = model;
  }

  read(html: string, options: MainTextOptions): MainText {
    const { format, isXml, links } = options;
    const page = this.#scanner.readPage(html, { isXml, withMarks: format === "markdown" });
    const keep = this.#choose(page, options);
    return { text: this.#render.renderBlocks(page, keep, format, links), facts: page.facts };
  }

  /** 1 for each block that is wanted. */
  #choose(page: BlockPage, { favor, comments, boilerplate, captions }: MainTextOptions): Uint8Array {
    const keep = boilerplate ? visibleBlocks(page) : this.#model.select(page, favor);
    if (comments && !boilerplate) addComments(page, keep);
    if (!captions) dropCaptions(page, keep);
    return keep;
  }
}

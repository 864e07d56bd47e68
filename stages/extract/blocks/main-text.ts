/** HTML → main text, by our own engine: blocks, what each is like, which of them to keep, and their text. */

import type { Favor, MainTextModel } from "./model/main-text.ts";
import type { PageFacts } from "./page-facts.ts";
import type { TextFormat } from "./render.ts";

export interface MainTextOptions {
  readonly favor: Favor;
  readonly format: TextFormat;
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

  read(html: string, { favor, format, isXml }: MainTextOptions): MainText {
    const page = this.#scanner.readPage(html, { isXml });
    const keep = this.#model.select(page, favor);
    return { text: this.#render.renderBlocks(page, keep, format), facts: page.facts };
  }
}

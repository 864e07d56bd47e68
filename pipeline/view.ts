/**
 * Views: a page with the features that stages asked for, each measured when it is first read and kept while the text
 * stays the same. One class is made per set of needs, with a getter per feature, so that a view costs one small object.
 */
import type { Document, Tags } from "./document.ts";
import { RecipeError } from "./errors.ts";
import { builtInFeature, builtInFeatureNames, type FeatureDefinition, type FeatureNeed } from "./features.ts";
import type { PageView, Rewritten } from "./stage.ts";

const UNMEASURED: unique symbol = Symbol("unmeasured");

type KnownFeatures = NonNullable<Rewritten["features"]>;
const NONE_KNOWN: KnownFeatures = Object.freeze({});

/** What every view has; the made classes add a getter per feature. */
class View {
  readonly page: Document;
  readonly text: string;
  readonly url: string;
  readonly tags: Tags;
  /** By the feature's place in the set of needs. */
  readonly measured: unknown[];
  /** Ways to features of this text that cost less than measuring, by name. */
  readonly known: KnownFeatures;

  constructor(page: Document, measured: unknown[], known: KnownFeatures = NONE_KNOWN) {
    this.known = known;
    this.page = page;
    this.text = page.text;
    this.url = page.url;
    this.tags = page.tags;
    this.measured = measured;
  }
}

type ViewClass = new (page: Document, measured: unknown[], known?: KnownFeatures) => View;

interface ViewKind {
  readonly Class: ViewClass;
  readonly featureCount: number;
}

/** By the array itself: the engine and each definition hold on to theirs. */
const kinds = new WeakMap<readonly FeatureNeed[], ViewKind>();

/**
 * The page as a stage with these needs sees it. Pass the same array again and again: it is looked at once. For several
 * stages that share a view, pass all their needs together.
 */
export function viewOf<const N extends FeatureNeed = never>(page: Document, needs: readonly N[]): PageView<N> {
  let kind = kinds.get(needs);
  if (kind === undefined) {
    kind = makeKind(needs);
    kinds.set(needs, kind);
  }
  return new kind.Class(page, new Array(kind.featureCount).fill(UNMEASURED)) as unknown as PageView<N>;
}

/** The same view of a newer page: what was measured stays if the text did. `known` are features of a new text. */
export function reuse<V extends PageView>(view: V, newPage: Document, known: KnownFeatures = NONE_KNOWN): V {
  const old = view as unknown as View;
  const isSame = newPage.text === old.text;
  const measured = isSame ? old.measured.slice() : new Array(old.measured.length).fill(UNMEASURED);
  return new (old.constructor as ViewClass)(newPage, measured, isSame ? old.known : known) as unknown as V;
}

function makeKind(needs: readonly FeatureNeed[]): ViewKind {
  const features = resolveFeatures(needs);
  class ViewWithFeatures extends View {}
  features.forEach((feature, place) => {
    Object.defineProperty(ViewWithFeatures.prototype, feature.name, {
      enumerable: true,
      get(this: View): unknown {
        const known = this.measured[place];
        if (known !== UNMEASURED) return known;
        const value = Object.hasOwn(this.known, feature.name)
          ? this.known[feature.name]!()
          : feature.measure(this.text);
        this.measured[place] = value;
        return value;
      },
    });
  });
  return { Class: ViewWithFeatures, featureCount: features.length };
}

const TAKEN = new Set(["page", "text", "url", "tags", "measured", "known", "constructor"]);

/** The features behind the needs, each once. Raises RecipeError for a name that is unknown, taken or ambiguous. */
export function resolveFeatures(needs: readonly FeatureNeed[]): FeatureDefinition[] {
  const byName = new Map<string, FeatureDefinition>();
  for (const need of needs) {
    const feature = typeof need === "string" ? builtInFeature(need) : need;
    if (feature === undefined) {
      throw new RecipeError(
        `needs: unknown feature ${JSON.stringify(need)} (built in: ${builtInFeatureNames.join(", ")})`,
      );
    }
    if (TAKEN.has(feature.name)) {
      throw new RecipeError(
        `needs: a feature cannot be called ${JSON.stringify(feature.name)}, every view has that already`,
      );
    }
    const known = byName.get(feature.name);
    if (known !== undefined && known !== feature) {
      throw new RecipeError(`needs: two different features are called ${JSON.stringify(feature.name)}; rename one`);
    }
    byName.set(feature.name, feature);
  }
  return [...byName.values()];
}

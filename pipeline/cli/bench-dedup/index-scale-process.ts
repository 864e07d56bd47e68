/** A process that measures one way of indexing, told to it as JSON, and sends what it found. */
import { type IndexScaleOptions, measureIndex } from "./index-scale.ts";

const options = JSON.parse(process.argv[2]!) as IndexScaleOptions;
process.send!(measureIndex(options), undefined, undefined, () => process.disconnect());

import { testKills } from "./kills.ts";

// More moments: test/full/kills.full.ts.
testKills("kill -9, then the same command: the same bytes, and no finished span is read again", {
  "commit-span": [3],
  encode: [40],
  write: [4],
  manifest: [3],
});

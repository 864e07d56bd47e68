import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom, shuffle } from "../../pipeline/random.ts";
import { Components } from "../../stages/dedup/components.ts";

const SEED = Number(process.env.FUZZ_SEED ?? 5);

type Pair = readonly [number, number];

/** The definition: a page's component is all that can be reached from it over pairs. */
function componentsOf(pageCount: number, pairs: readonly Pair[]): number[][] {
  const neighbours = Array.from({ length: pageCount }, () => new Set<number>());
  for (const [a, b] of pairs) {
    neighbours[a]!.add(b);
    neighbours[b]!.add(a);
  }
  const seen = new Set<number>();
  const components: number[][] = [];
  for (let page = 0; page < pageCount; page++) {
    if (seen.has(page)) continue;
    const component = new Set([page]);
    for (const member of component) for (const neighbour of neighbours[member]!) component.add(neighbour);
    for (const member of component) seen.add(member);
    components.push([...component].sort((x, y) => x - y));
  }
  return components;
}

function joined(pairs: readonly Pair[], pageCount?: number): Components {
  const components = new Components(pageCount);
  for (const [a, b] of pairs) components.join(a, b);
  return components;
}

test("components are what can be reached over pairs, whatever their order and direction", () => {
  const random = seededRandom(SEED);
  for (let round = 0; round < 40; round++) {
    const pageCount = 1 + Math.floor(random() * 300);
    const draw = () => Math.floor(random() * pageCount);
    const pairs = Array.from({ length: Math.floor(random() * pageCount) }, (): Pair => [draw(), draw()]);
    const expected = componentsOf(pageCount, pairs);
    for (let order = 0; order < 3; order++) {
      const components = joined(pairs, order === 0 ? pageCount : undefined);
      assert.deepEqual(
        [...components.clusters()],
        expected.filter(({ length }) => length > 1),
      );
      for (const component of expected)
        for (const page of component) assert.equal(components.firstOf(page), component[0]);
      shuffle(pairs, random);
      for (const [i, [a, b]] of pairs.entries()) if (random() < 0.5) pairs[i] = [b, a];
    }
  }
});

test("a pair unites once", () => {
  const components = new Components();
  assert.equal(components.join(5, 3), true);
  assert.equal(components.join(3, 5), false);
  assert.equal(components.join(4, 4), false);
  assert.equal(components.join(3, 4), true);
  assert.equal(components.join(4, 5), false);
  assert.deepEqual([...components.clusters()], [[3, 4, 5]]);
  assert.equal(components.firstOf(99), 99);
});

test("chains of a million pages, from either end, are one component at 4 bytes a page", () => {
  const pageCount = 1_000_000;
  for (const isDescending of [false, true]) {
    const components = new Components(pageCount);
    for (let i = 1; i < pageCount; i++) {
      const page = isDescending ? pageCount - i : i;
      components.join(page - 1, page);
    }
    assert.equal(components.firstOf(pageCount - 1), 0);
    const [all, ...others] = [...components.clusters()];
    assert.equal(all!.length, pageCount);
    assert.equal(others.length, 0);
    assert.equal(components.bytes, 4 * pageCount);
  }
});

test("where the number of pages is not told, a page costs at most 6 bytes", () => {
  const components = new Components();
  for (let page = 1; page < 200_000; page++) {
    components.join(page, page >>> 1);
    if (page > 100) assert.ok(components.bytes <= 6 * (page + 2), `${components.bytes} at ${page}`);
  }
});

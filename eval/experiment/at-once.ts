/** Does `work` on every item, in their order, `atOnce` of them at a time. The first failure ends the rest. */
export async function mapAtOnce<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  let failed = false;
  const turn = async (): Promise<void> => {
    while (!failed && next < items.length) {
      const n = next++;
      try {
        results[n] = await work(items[n]!);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const turns = await Promise.allSettled(Array.from({ length: atOnce }, turn));
  const failure = turns.find((one) => one.status === "rejected");
  if (failure !== undefined) throw failure.reason;
  return results;
}

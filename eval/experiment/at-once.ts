/**
 * Does `work` on every item, in their order, `atOnce` of them at a time. The first failure is told to `onFailure`, so that what
 * else is under way can be ended, and thrown when it has.
 */
export async function mapAtOnce<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
  onFailure: (error: unknown) => void,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const turn = async (): Promise<void> => {
    while (failure === undefined && next < items.length) {
      const n = next++;
      try {
        results[n] = await work(items[n]!);
      } catch (error) {
        if (failure !== undefined) return;
        failure = { error };
        onFailure(error);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, turn));
  if (failure !== undefined) throw failure.error;
  return results;
}

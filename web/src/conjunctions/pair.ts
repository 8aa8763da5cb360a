/** The two of what comes in twos: the interface's arrays do not say how long they are. */
export function pair<T>(items: readonly T[]): [T, T] {
  const [one, other] = items;
  if (one === undefined || other === undefined) throw new Error(`${items.length} objects; two are due`);
  return [one, other];
}

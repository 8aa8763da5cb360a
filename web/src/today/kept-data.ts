/** What was read stays on the screen until there is something newer. */
import { useState } from "react";

/** What a view shows the states of. */
export interface Reading<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  dataUpdatedAt: number;
  refetch: () => unknown;
}

/** Several readings as one: there once all are, failed where one failed, as old as the oldest. */
export function joined<T>(readings: readonly Reading<T>[]): Reading<T[]> {
  const data = readings.flatMap((one) => (one.data === undefined ? [] : [one.data]));
  const failed = readings.filter(({ error }) => error !== null);
  return {
    data: data.length === readings.length ? data : undefined,
    error: failed[0]?.error ?? null,
    isPending: readings.some(({ isPending }) => isPending),
    dataUpdatedAt: Math.min(...readings.map(({ dataUpdatedAt }) => dataUpdatedAt)),
    refetch: () => Promise.all(failed.map((one) => one.refetch())),
  };
}

/**
 * A reading whose question moves on with the time: until the new one is answered, and where it is not, what the one before
 * brought. `about` is what does not move: of something else nothing is shown.
 */
export function useKeptData<T>(reading: Reading<T>, about: string): Reading<T> {
  const { data, dataUpdatedAt } = reading;
  const [last, setLast] = useState({ about, data, dataUpdatedAt });
  if (data !== undefined && (data !== last.data || about !== last.about || dataUpdatedAt !== last.dataUpdatedAt)) {
    setLast({ about, data, dataUpdatedAt });
  }
  if (data !== undefined || last.data === undefined || last.about !== about) return reading;
  return { ...reading, data: last.data, dataUpdatedAt: last.dataUpdatedAt, isPending: false };
}

"use client";

/** Replaces what is stored as a whole, without losing unseen what a colleague changed since it was read. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

/** What an answer brought, or what went wrong, thrown. */
export function answered<T>({ data, error }: { data?: T; error?: unknown }): T {
  if (data === undefined) throw error;
  return data;
}

/** Somebody changed it since it was read. */
export class Outdated extends Error {
  constructor(readonly updated: string) {
    super("Somebody changed this since you opened it. Saving once more replaces that change; to see it, cancel and open this again.");
  }
}

interface ReplaceOptions<Row extends { updated: string }, Body> {
  /** `updated` of what is edited; undefined where there is nothing yet. */
  opened: string | undefined;
  read: () => Promise<Row>;
  write: (body: Body) => Promise<Row>;
  onSuccess: (row: Row) => Promise<void>;
}

/** Saves what was edited. Where it was changed in the meantime, the first attempt fails with `Outdated`; the next one replaces that change. */
export function useReplace<Row extends { updated: string }, Body>({ opened, read, write, onSuccess }: ReplaceOptions<Row, Body>) {
  const [known, setKnown] = useState(opened);
  return useMutation({
    mutationFn: async (body: Body) => {
      const { updated } = await read();
      if (updated !== known) throw new Outdated(updated);
      return write(body);
    },
    onError: (error) => {
      if (error instanceof Outdated) setKnown(error.updated);
    },
    onSuccess,
  });
}

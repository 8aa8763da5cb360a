"use client";

/** Files that were given in this visit, sent one after the other. */
import { useCallback, useEffect, useRef, useState } from "react";

import { useChanged } from "@/api/changed";
import { send, type Answer } from "./send";

export interface Sent {
  key: number;
  file: File;
  /** Whose ephemeris it is, as was said. */
  object?: number;
  /** Undefined while it is sent or waits. */
  answer?: Answer;
}

export function useSent(): { sent: Sent[]; give: (files: readonly File[], object?: number) => void; forget: (key: number) => void } {
  const [sent, setSent] = useState<Sent[]>([]);
  const changed = useChanged();
  const key = useRef(0);
  const last = useRef<Promise<unknown>>(Promise.resolve());

  const isBusy = sent.some(({ answer }) => answer === undefined);
  useEffect(() => {
    if (!isBusy) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [isBusy]);

  const give = useCallback(
    (files: readonly File[], object?: number) => {
      const given = files.map((file): Sent => ({ key: ++key.current, file, ...(object === undefined ? {} : { object }) }));
      setSent((before) => [...given.toReversed(), ...before]);
      for (const one of given) {
        last.current = last.current.then(async () => {
          const answer = await send(one.file, object);
          setSent((before) => before.map((other) => (other.key === one.key ? { ...other, answer } : other)));
          await changed("/api/v1/uploads", "/api/v1/objects", "/api/v1/conjunctions");
        });
      }
    },
    [changed],
  );
  const forget = useCallback((gone: number) => setSent((before) => before.filter((one) => one.key !== gone)), []);
  return { sent, give, forget };
}

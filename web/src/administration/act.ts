"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { inWords } from "@/api/client";

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

interface Act {
  busy: boolean;
  /** Why the last attempt failed. */
  problem: string | undefined;
  clear: () => void;
  /** Sends a write; undefined where it failed. What it makes old is read anew. */
  act: <T>(work: () => Promise<Answer<T>>) => Promise<Answer<T> | undefined>;
}

/** Writes of a form or a button: one at a time. `old` are beginnings of the paths whose answers they make old. */
export function useAct(...old: string[]): Act {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const act: Act["act"] = async (work) => {
    setBusy(true);
    setProblem(undefined);
    try {
      const answer = await work();
      if (answer.response.ok) return answer;
      setProblem(inWords(answer.error));
    } catch (error) {
      setProblem(inWords(error));
    } finally {
      setBusy(false);
      // Also after a failure: somebody else may have been first.
      void client.invalidateQueries({ predicate: ({ queryKey }) => old.some((path) => String(queryKey[1]).startsWith(path)) });
    }
    return undefined;
  };
  return { busy, problem, clear: () => setProblem(undefined), act };
}

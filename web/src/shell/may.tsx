"use client";

/** What only some roles may do: shown once it is known that whoever is signed in may. */
import type { ReactNode } from "react";

import { Failure, Loading } from "@/ui/state";
import { useMay, useSession, type Scope } from "./session";

interface MayProps {
  scope: Scope;
  /** What those see who may not. */
  otherwise: ReactNode;
  /** What stands there until it is known. */
  loading?: ReactNode;
  children: ReactNode;
}

const WHAT = "what your role lets you do";

export function May({ scope, otherwise, loading = <Loading what={WHAT} rows={1} />, children }: MayProps) {
  const session = useSession();
  const may = useMay(scope);
  if (may !== undefined) return may ? children : otherwise;
  return session.error === null ? loading : <Failure error={session.error} what={WHAT} retry={() => void session.refetch()} />;
}

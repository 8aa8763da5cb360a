"use client";

/** What several parts of the page are made of. */
import { useState, type ReactNode } from "react";

import { May } from "@/shell/may";
import { useSession } from "@/shell/session";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Input } from "@/ui/field";
import { Empty, Loading } from "@/ui/state";

const SCOPES = { write: "operators and administrators (scope write)", admin: "administrators (scope admin)" } as const;

/** Shows something to those who may see it; others are told why they do not. */
export function Needs({ scope, what, children }: { scope: "write" | "admin"; what: string; children: ReactNode }) {
  const { data } = useSession();
  const otherwise = data !== undefined && (
    <Empty title={`Only ${SCOPES[scope]} may see ${what}`}>
      You are signed in as {data.name} in {data.tenant}, with the scope {data.scope}. An administrator of {data.tenant} can give you another role.
    </Empty>
  );
  return (
    <May scope={scope} otherwise={otherwise} loading={<Loading what={what} />}>
      {children}
    </May>
  );
}

export function Wrong({ problem }: { problem: string | undefined }) {
  if (problem === undefined) return null;
  return (
    <p role="alert" className="my-2 rounded-md border border-high bg-high-soft px-3 py-1.5 text-high">
      {problem}.
    </p>
  );
}

interface ConfirmProps {
  /** What is about to happen, as a question; null: nothing. */
  question: string | null;
  means: ReactNode;
  verb: string;
  busy: boolean;
  problem: string | undefined;
  onCancel: () => void;
  onConfirm: () => void;
}

/** Asks before something is done that cannot be undone. */
export function Confirm({ question, means, verb, busy, problem, onCancel, onConfirm }: ConfirmProps) {
  return (
    <Dialog open={question !== null} onOpenChange={(open) => !open && onCancel()} title={question ?? ""}>
      <div>{means}</div>
      <Wrong problem={problem} />
      <div className="mt-4 flex justify-end gap-2">
        <Button onClick={onCancel}>Cancel</Button>
        <Button kind="danger" disabled={busy} onClick={onConfirm}>
          {verb}
        </Button>
      </div>
    </Dialog>
  );
}

/** A secret that is shown this once. */
export function Secret({ title, secret, means, onClose }: { title: string; secret: string | null; means: ReactNode; onClose: () => void }) {
  const [copied, setCopied] = useState(false);
  const close = () => {
    setCopied(false);
    onClose();
  };
  const copy = (secret: string) => {
    // Only where the connection is secure, or the machine's own.
    navigator.clipboard?.writeText(secret).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return (
    <Dialog open={secret !== null} onOpenChange={(open) => !open && close()} title={title}>
      <p className="mb-2 font-medium text-elevated">It is shown this once. Keep it where secrets are kept.</p>
      <div className="flex gap-2">
        <Input readOnly aria-label={title} value={secret ?? ""} className="font-mono" onFocus={(event) => event.target.select()} />
        <Button onClick={() => copy(secret ?? "")}>{copied ? "Copied" : "Copy"}</Button>
      </div>
      <div className="mt-3 text-quiet">{means}</div>
      <div className="mt-4 flex justify-end">
        <Button kind="primary" onClick={close}>
          I have kept it
        </Button>
      </div>
    </Dialog>
  );
}

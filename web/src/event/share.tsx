"use client";

import { Check, Link2 } from "lucide-react";
import { useState } from "react";

import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Input } from "@/ui/field";

const SAID_MS = 2_000;

/** Copies the address of the page. Where the browser does not let it (without TLS), it is shown to be copied. */
export function Share() {
  const [copied, setCopied] = useState(false);
  const [address, setAddress] = useState<string | null>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      setCopied(true);
      setTimeout(() => setCopied(false), SAID_MS);
    } catch {
      setAddress(location.href);
    }
  };
  return (
    <>
      <Button onClick={() => void copy()}>
        {copied ? <Check /> : <Link2 />}
        <span role="status">{copied ? "Copied" : "Copy link"}</span>
      </Button>
      <Dialog open={address !== null} onOpenChange={() => setAddress(null)} title="Link to this event">
        <Input aria-label="Link" readOnly autoFocus value={address ?? ""} onFocus={({ target }) => target.select()} />
      </Dialog>
    </>
  );
}

"use client";

/** A form in a dialog: Enter submits, Escape closes, and changes are not lost without a question. */
import { CircleAlert } from "lucide-react";
import { useEffect, useState, type FormEvent, type ReactNode } from "react";

import { Button } from "./button";
import { Dialog } from "./dialog";

interface FormDialogProps {
  title: string;
  description?: string;
  wide?: boolean;
  /** What the button says: "Make the list". */
  submit: string;
  isChanged: boolean;
  isBusy: boolean;
  /** What is wrong that no field shows. */
  error?: string | undefined;
  onSubmit: () => void;
  onClose: () => void;
  children: ReactNode;
}

export function FormDialog({ title, description, wide = false, submit, isChanged, isBusy, error, onSubmit, onClose, children }: FormDialogProps) {
  const [asks, setAsks] = useState(false);

  useEffect(() => {
    if (!isChanged) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [isChanged]);

  const close = () => {
    if (isChanged && !asks) setAsks(true);
    else onClose();
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    // A form in a dialog of a page with another form is its child in React, though not in the document.
    event.stopPropagation();
    if (!isBusy) onSubmit();
  };

  return (
    <Dialog open onOpenChange={(open) => !open && close()} title={title} wide={wide} {...(description === undefined ? {} : { description })}>
      <form onSubmit={send} noValidate className="flex flex-col gap-3">
        {children}
        {error !== undefined && (
          <p role="alert" className="flex items-center gap-2 rounded-md bg-high-soft px-3 py-2 text-high">
            <CircleAlert aria-hidden className="size-4 shrink-0" />
            {error}
          </p>
        )}
        {asks ? (
          <div role="alertdialog" aria-label="Unsaved changes" className="flex flex-wrap items-center gap-2 rounded-md bg-elevated-soft px-3 py-2 text-elevated">
            <p className="flex-1">What you changed is not saved.</p>
            <Button kind="danger" onClick={onClose}>
              Discard changes
            </Button>
            <Button autoFocus onClick={() => setAsks(false)}>
              Keep editing
            </Button>
          </div>
        ) : (
          <div className="flex items-center justify-end gap-2">
            <Button onClick={close}>Cancel</Button>
            <Button type="submit" kind="primary" disabled={isBusy} aria-busy={isBusy}>
              {submit}
            </Button>
          </div>
        )}
      </form>
    </Dialog>
  );
}

"use client";

/** A question before something that cannot be taken back. */
import { inWords } from "@/api/client";
import { Button } from "./button";
import { Dialog } from "./dialog";

interface ConfirmProps {
  title: string;
  description: string;
  /** What the button says: "Remove". */
  action: string;
  isBusy: boolean;
  /** Why the service refused. */
  error: unknown;
  onConfirm: () => void;
  onClose: () => void;
}

export function Confirm({ title, description, action, isBusy, error, onConfirm, onClose }: ConfirmProps) {
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={title} description={description}>
      {error !== null && error !== undefined && (
        <p role="alert" className="mb-3 rounded-md bg-high-soft px-3 py-2 text-high">
          {inWords(error)}
        </p>
      )}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="danger" disabled={isBusy} aria-busy={isBusy} onClick={onConfirm}>
          {action}
        </Button>
      </div>
    </Dialog>
  );
}

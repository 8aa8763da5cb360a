"use client";

import { useId, type ComponentProps, type ReactNode } from "react";

import { cn } from "./cn";

const BOX =
  "h-8 w-full rounded-md border border-line-strong bg-panel px-2 placeholder:text-quiet disabled:opacity-50 aria-invalid:border-high";

export function Input({ className, ...rest }: ComponentProps<"input">) {
  return <input className={cn(BOX, className)} {...rest} />;
}

export function TextArea({ className, ...rest }: ComponentProps<"textarea">) {
  return <textarea className={cn(BOX, "h-auto min-h-20 py-1.5", className)} {...rest} />;
}

/** A choice; the browser's own, which keyboards, screen readers and phones know. */
export function Select({ className, ...rest }: ComponentProps<"select">) {
  return <select className={cn(BOX, "pr-6", className)} {...rest} />;
}

interface FieldProps {
  label: ReactNode;
  /** What is due, and in which unit. */
  hint?: ReactNode;
  error?: string | undefined;
  className?: string;
  children: (props: { id: string; "aria-describedby": string | undefined; "aria-invalid": boolean }) => ReactNode;
}

/** A field of a form with its label, its hint and what is wrong with it. */
export function Field({ label, hint, error, className, children }: FieldProps) {
  const id = useId();
  const said = error ?? hint;
  return (
    <div className={cn("flex min-w-0 flex-col gap-1", className)}>
      <label htmlFor={id} className="text-xs font-medium text-quiet">
        {label}
      </label>
      {children({ id, "aria-describedby": said === undefined ? undefined : `${id}-said`, "aria-invalid": error !== undefined })}
      {said !== undefined && (
        <p id={`${id}-said`} className={cn("text-xs", error === undefined ? "text-quiet" : "text-high")}>
          {said}
        </p>
      )}
    </div>
  );
}

export function Checkbox({ label, className, ...rest }: ComponentProps<"input"> & { label: ReactNode }) {
  return (
    <label className={cn("inline-flex items-center gap-1.5", className)}>
      <input type="checkbox" className="size-4 accent-(--accent)" {...rest} />
      {label}
    </label>
  );
}

import type { ReactNode } from "react";

import { cn } from "./cn";

interface PanelProps {
  title: ReactNode;
  /** What stands at the right of the title. */
  actions?: ReactNode;
  /** A line below the title. */
  note?: ReactNode;
  className?: string;
  children: ReactNode;
}

/** A part of a page with its heading. */
export function Panel({ title, actions, note, className, children }: PanelProps) {
  return (
    <section className={cn("flex min-w-0 flex-col rounded-lg border border-line bg-panel", className)}>
      <header className="flex min-h-10 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-3 py-1.5">
        <h2 className="font-semibold">{title}</h2>
        {note !== undefined && <p className="text-quiet">{note}</p>}
        {actions !== undefined && <div className="ml-auto flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      <div className="min-h-0 flex-1 p-3">{children}</div>
    </section>
  );
}

/** The heading of a page, with what can be done on it. */
export function PageHeader({ title, note, actions }: { title: ReactNode; note?: ReactNode; actions?: ReactNode }) {
  return (
    <header className="mb-3 flex flex-wrap items-end gap-x-4 gap-y-2">
      <div>
        <h1 className="text-xl font-semibold">{title}</h1>
        {note !== undefined && <p className="max-w-prose text-quiet">{note}</p>}
      </div>
      {actions !== undefined && <div className="ml-auto flex flex-wrap items-center gap-2">{actions}</div>}
    </header>
  );
}

/** Names and values, side by side. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className="grid grid-cols-[max-content_1fr] gap-x-4 gap-y-1">{children}</dl>;
}

export function Fact({ name, children }: { name: ReactNode; children: ReactNode }) {
  return (
    <>
      <dt className="text-quiet">{name}</dt>
      <dd className="min-w-0 break-words tabular-nums">{children}</dd>
    </>
  );
}

/** A small table, all of whose rows are drawn; for large ones there is table/data-table. */
import type { ComponentProps, ReactNode } from "react";

import { cn } from "./cn";
import { Explained, TipRegion } from "./tip";

export function Table({ label, children }: { label: string; children: ReactNode }) {
  return (
    // What is too wide is reached by the keyboard, too.
    <TipRegion label={label} className="overflow-x-auto">
      <table aria-label={label} className="w-full border-separate border-spacing-0 text-left">
        {children}
      </table>
    </TipRegion>
  );
}

/** `tip`: what the heading means. */
export function Heading({ numeric = false, tip, className, children, ...rest }: ComponentProps<"th"> & { numeric?: boolean; tip?: string }) {
  return (
    <th
      scope="col"
      className={cn("border-b border-line px-2 py-1 text-xs font-semibold whitespace-nowrap text-quiet", numeric && "text-right", className)}
      {...rest}
    >
      <Explained says={tip}>{children}</Explained>
    </th>
  );
}

export function Cell({ numeric = false, className, ...rest }: ComponentProps<"td"> & { numeric?: boolean }) {
  return <td className={cn("h-[30px] border-b border-line px-2", numeric && "text-right tabular-nums", className)} {...rest} />;
}

/** The heading of what can be done with a row: of use to those who hear the table. */
export function ActionsHeading() {
  return (
    <Heading>
      <span className="sr-only">Actions</span>
    </Heading>
  );
}

"use client";

import { Columns3 } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useMemo } from "react";
import { z } from "zod/mini";

import { Button } from "@/ui/button";
import { useKept } from "@/ui/kept";
import type { NamedColumn } from "./columns";

const KEPT = "astroshield.conjunctions.columns";
/** Which columns somebody showed or hid; all others are as they are at first. */
const Choice = z.record(z.string(), z.boolean());
type Choice = z.infer<typeof Choice>;

function parse(text: string | null): Choice {
  try {
    const result = Choice.safeParse(JSON.parse(text ?? "{}"));
    return result.success ? result.data : {};
  } catch {
    return {};
  }
}

/** Which columns are shown, kept in this browser. */
export function useColumnChoice() {
  const [text, keep] = useKept(KEPT);
  return useMemo(() => {
    const choice = parse(text);
    const isShown = ({ id, hidden }: NamedColumn) => choice[id] ?? hidden !== true;
    const choose = (id: string, shown: boolean) => keep(JSON.stringify({ ...choice, [id]: shown }));
    return { isShown, choose };
  }, [text, keep]);
}

interface ColumnMenuProps {
  columns: readonly NamedColumn[];
  isShown: (column: NamedColumn) => boolean;
  choose: (id: string, shown: boolean) => void;
}

export function ColumnMenu({ columns, isShown, choose }: ColumnMenuProps) {
  const shown = columns.filter(isShown).length;
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>
        <Button>
          <Columns3 />
          Columns
        </Button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="end" sideOffset={4} className="z-40 min-w-48 rounded-md border border-line bg-panel p-1 shadow-lg">
          {columns.map((column) => (
            <DropdownMenu.CheckboxItem
              key={column.id}
              checked={isShown(column)}
              // One column stays.
              disabled={shown === 1 && isShown(column)}
              onSelect={(event) => event.preventDefault()}
              onCheckedChange={(checked) => choose(column.id, checked)}
              className="flex cursor-pointer items-center gap-2 rounded px-2 py-1 data-[disabled]:opacity-50 data-[highlighted]:bg-accent-soft data-[highlighted]:text-accent"
            >
              <span aria-hidden className="w-4">
                <DropdownMenu.ItemIndicator>✓</DropdownMenu.ItemIndicator>
              </span>
              {column.name}
            </DropdownMenu.CheckboxItem>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

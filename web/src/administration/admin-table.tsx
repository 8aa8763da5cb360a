/** A table of what is administered, each row with what can be done with it at its end. */
import type { ReactNode } from "react";

import { ActionsHeading, Cell, Heading, Table } from "@/ui/table";

export interface AdminColumn<T> {
  name: string;
  of: (row: T) => ReactNode;
  numeric?: boolean;
  className?: string;
}

interface AdminTableProps<T> {
  label: string;
  rows: readonly T[];
  rowId: (row: T) => string;
  columns: readonly AdminColumn<T>[];
  /** Its buttons. */
  actions: (row: T) => ReactNode;
}

export function AdminTable<T>({ label, rows, rowId, columns, actions }: AdminTableProps<T>) {
  return (
    <Table label={label}>
      <thead>
        <tr>
          {columns.map(({ name, numeric = false }) => (
            <Heading key={name} numeric={numeric}>
              {name}
            </Heading>
          ))}
          <ActionsHeading />
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={rowId(row)}>
            {columns.map(({ name, of, numeric = false, className }) => (
              <Cell key={name} numeric={numeric} className={className}>
                {of(row)}
              </Cell>
            ))}
            <Cell className="space-x-1 text-right whitespace-nowrap">{actions(row)}</Cell>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

"use client";

/** A table of any number of rows: only those that are seen are drawn. Keys: ↑ ↓ (or k j), Page, Home, End, Enter; ← → to what has a tip. */
import { tableFeatures, useTable, type ColumnDef, type RowData } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";

import { cn } from "@/ui/cn";
import { Explained, stepTips, TipsByArrows } from "@/ui/tip";
import { leave, placeLeft } from "./place";

// Which rows there are, and in which order, is the service's matter.
const features = tableFeatures({});

export type Column<T extends RowData> = ColumnDef<typeof features, T> & {
  id: string;
  meta?: {
    /** Numbers stand at the right. */
    numeric?: boolean;
    /** Name of the order of the service that sorts by this column, and which way it usually goes. */
    sort?: { by: string; direction: "ascending" | "descending" };
    className?: string;
    /** In rem. With it on any column, columns keep their widths, whichever rows are in sight. */
    width?: number;
    /** What the heading means. */
    tip?: string;
  };
};

interface DataTableProps<T extends RowData> {
  /** What the table shows, for screen readers. */
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowId: (row: T) => string;
  rowHeight?: number;
  /** How many rows there are in all, where that is known. */
  total?: number | undefined;
  sort?: string | undefined;
  /** Whether the order goes the other way than usual; undefined where it cannot. */
  backward?: boolean;
  onSort?: (by: string, backward: boolean) => void;
  /** A row was chosen: by a click, or by Enter. */
  onOpen?: (row: T) => void;
  /** The end of what was read comes in sight. */
  onEnd?: () => void;
  /** Under which name, and with which filters, the place is kept that somebody leaves and comes back to. */
  place?: { of: string; search: string };
  className?: string;
}

const OVERSCAN = 16;
/** The end is in sight when so many rows are left. */
const AHEAD = 60;

export function DataTable<T extends RowData>(props: DataTableProps<T>) {
  const { label, columns, rows, rowId, rowHeight = 30, total, sort, backward, onSort, onOpen, onEnd, place, className } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const [left] = useState(() => {
    const kept = place === undefined ? null : placeLeft(place.of);
    return kept?.search === place?.search ? kept : null;
  });
  const offset = useRef(left?.offset ?? 0);
  // The row itself, not its place: rows move when what is shown changes.
  const [active, setActive] = useState<string | null>(left?.active ?? null);
  const toFocus = useRef<string | null>(null);
  const table = useTable({ features, columns, data: rows, getRowId: rowId });
  const { rows: model, rowsById } = table.getRowModel();
  const virtual = useVirtualizer({
    count: model.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN,
    initialOffset: left?.offset ?? 0,
    // Before the page is laid out (and in tests) some rows are drawn all the same.
    initialRect: { width: 1_000, height: 600 },
  });
  const items = virtual.getVirtualItems();
  const widths = columns.map(({ meta }) => meta?.width ?? 8);
  const fixed = columns.some(({ meta }) => meta?.width !== undefined);
  const first = items[0];
  const last = items.at(-1);

  const lastIndex = last?.index ?? 0;
  useEffect(() => {
    if (onEnd !== undefined && model.length > 0 && lastIndex + AHEAD >= model.length) onEnd();
  }, [lastIndex, model.length, onEnd]);

  // One row that is drawn can be reached by Tab, whether or not the active one was scrolled away or is gone.
  const activeIndex = active === null ? undefined : rowsById[active]?.index;
  const isDrawn = activeIndex !== undefined && first !== undefined && activeIndex >= first.index && activeIndex <= lastIndex;
  const stop = isDrawn ? activeIndex : Math.max(first?.index ?? 0, virtual.range?.startIndex ?? 0);

  // A row far away has to be drawn before it can take the focus.
  const focusWanted = () => {
    if (toFocus.current === null) return;
    const row = rowsById[toFocus.current];
    const element = row && scroll.current?.querySelector<HTMLElement>(`[data-row="${row.index}"]`);
    if (row !== undefined && element == null) return;
    toFocus.current = null;
    element?.focus({ preventScroll: true });
  };
  useEffect(focusWanted);

  useEffect(() => {
    // Who comes back goes on by keys from the row that they left.
    if (left?.active != null && document.activeElement === document.body) {
      scroll.current?.querySelector<HTMLElement>("tr[tabindex='0']")?.focus({ preventScroll: true });
    }
  }, [left]);
  const of = place?.of;
  const search = place?.search;
  useEffect(() => {
    if (of === undefined || search === undefined) return;
    const keep = () => leave(of, { search, active, offset: offset.current });
    keep();
    return keep;
  }, [of, search, active]);

  const go = (to: number) => {
    const index = Math.max(0, Math.min(to, model.length - 1));
    const row = model[index];
    if (row === undefined) return;
    setActive(row.id);
    toFocus.current = row.id;
    virtual.scrollToIndex(index);
    focusWanted();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!(event.target instanceof HTMLElement) || event.target.matches("input, select")) return;
    const head = event.target.closest("thead");
    const part = head ?? event.target.closest("tr");
    if (part !== null && stepTips(event, part)) {
      event.preventDefault();
      return;
    }
    if (event.key === "ArrowLeft" && head === null && !event.target.matches("tr")) {
      event.preventDefault();
      event.target.closest<HTMLElement>("tr")?.focus();
      return;
    }
    if (event.key === "ArrowDown" && head !== null) {
      event.preventDefault();
      go(stop);
      return;
    }
    if (event.target.matches("a, button")) return;
    if (event.key === "ArrowUp" && head === null && stop === 0) {
      // Above the first row are the headings.
      event.preventDefault();
      scroll.current?.querySelector<HTMLElement>("thead [data-tip]")?.focus();
      return;
    }
    const page = Math.max(1, Math.floor((scroll.current?.clientHeight ?? 600) / rowHeight) - 2);
    const to: Record<string, number> = {
      ArrowDown: stop + 1,
      j: stop + 1,
      ArrowUp: stop - 1,
      k: stop - 1,
      PageDown: stop + page,
      PageUp: stop - page,
      Home: 0,
      End: model.length - 1,
    };
    const target = to[event.key];
    if (target !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      go(target);
    } else if (event.key === "Enter") {
      const row = active === null ? undefined : rowsById[active];
      if (row !== undefined) onOpen?.(row.original);
    }
  };

  return (
    <div
      ref={scroll}
      onKeyDown={onKeyDown}
      onScroll={({ currentTarget }) => (offset.current = currentTarget.scrollTop)}
      className={cn("relative min-h-0 overflow-auto rounded-lg border border-line bg-panel", className)}
    >
      <table
        aria-label={label}
        aria-rowcount={(total ?? model.length) + 1}
        className={cn("w-full border-separate border-spacing-0 text-left", fixed && "table-fixed")}
        style={fixed ? { minWidth: `${widths.reduce((sum, width) => sum + width, 0)}rem` } : undefined}
      >
        {fixed && (
          <colgroup>
            {columns.map(({ id }, column) => (
              <col key={id} style={{ width: `${widths[column]}rem` }} />
            ))}
          </colgroup>
        )}
        <TipsByArrows>
          <thead className="sticky top-0 z-10 bg-raised">
            {table.getHeaderGroups().map((group) => (
              <tr key={group.id} aria-rowindex={1}>
                {group.headers.map((header) => {
                  const meta = columns.find(({ id }) => id === header.column.id)?.meta;
                  const content = header.isPlaceholder ? null : <table.FlexRender header={header} />;
                  const sorted = meta?.sort !== undefined && meta.sort.by === sort;
                  const isUp = (meta?.sort?.direction === "ascending") !== (backward ?? false);
                  return (
                    <th
                      key={header.id}
                      scope="col"
                      aria-sort={sorted ? (isUp ? "ascending" : "descending") : undefined}
                      className={cn(
                        "border-b border-line px-2 py-1.5 text-xs font-semibold whitespace-nowrap text-quiet",
                        meta?.numeric === true && "text-right",
                        meta?.className,
                      )}
                    >
                      {meta?.sort === undefined || onSort === undefined ? (
                        <Explained says={meta?.tip}>{content}</Explained>
                      ) : (
                        <button
                          type="button"
                          data-tip={meta.tip}
                          className={cn("inline-flex items-center gap-1 hover:text-ink", sorted && "text-ink")}
                          onClick={() => onSort(meta.sort?.by ?? "", sorted && backward === false)}
                        >
                          {content}
                          {sorted && (isUp ? <ArrowUp aria-hidden className="size-3" /> : <ArrowDown aria-hidden className="size-3" />)}
                        </button>
                      )}
                    </th>
                  );
                })}
              </tr>
            ))}
          </thead>
          <tbody>
            {first !== undefined && first.start > 0 && (
              <tr aria-hidden>
                <td colSpan={columns.length} style={{ height: first.start }} />
              </tr>
            )}
            {items.map((item) => {
              const row = model[item.index];
              if (row === undefined) return null;
              return (
                <tr
                  key={row.id}
                  data-row={item.index}
                  aria-rowindex={item.index + 2}
                  tabIndex={item.index === stop ? 0 : -1}
                  style={{ height: rowHeight }}
                  className={cn("hover:bg-raised focus-visible:bg-accent-soft focus-visible:outline-offset-[-2px]", onOpen && "cursor-pointer")}
                  onFocus={() => setActive(row.id)}
                  onClick={(event) => {
                    if (event.target instanceof HTMLElement && event.target.closest("a, button, input") === null) onOpen?.(row.original);
                  }}
                >
                  {row.getAllCells().map((cell) => {
                    const meta = columns.find(({ id }) => id === cell.column.id)?.meta;
                    return (
                      <td
                        key={cell.id}
                        className={cn(
                          "border-b border-line px-2 whitespace-nowrap",
                          meta?.numeric === true && "text-right tabular-nums",
                          meta?.className,
                        )}
                      >
                        <table.FlexRender cell={cell} />
                      </td>
                    );
                  })}
                </tr>
              );
            })}
            {last !== undefined && last.end < virtual.getTotalSize() && (
              <tr aria-hidden>
                <td colSpan={columns.length} style={{ height: virtual.getTotalSize() - last.end }} />
              </tr>
            )}
          </tbody>
        </TipsByArrows>
      </table>
    </div>
  );
}

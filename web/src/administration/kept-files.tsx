"use client";

/** Files that the service makes in the background: exports and backups. */
import { CircleCheck, CircleX, LoaderCircle } from "lucide-react";
import type { ReactNode } from "react";

import type { Schemas } from "@/api/client";
import { DownloadLink } from "@/api/download-link";
import { Time } from "@/time/time";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import type { CsvColumns } from "@/ui/export-csv";
import { bytes, count } from "@/units/format";
import { AdminTable } from "./admin-table";

export type KeptFile = Schemas["DataExportRow"] | Schemas["BackupRow"];

/** The columns of a file of them. */
export const KEPT_FILES_CSV: CsvColumns<KeptFile> = {
  id: ({ id }) => id,
  started_utc: ({ started }) => started,
  by: ({ by }) => by,
  state: ({ state }) => state,
  problem: ({ problem }) => problem,
  rows: ({ rows }) => rows,
  files: ({ blobs }) => blobs,
  size_bytes: ({ size_bytes }) => size_bytes,
};

/** How often one that is being made is asked for, in ms. */
const ASK_MS = 2_000;

/** Asks again while one of them is being made. */
export function askAgain(items: readonly KeptFile[] | undefined): number | false {
  return items?.some(({ state }) => state === "running") === true ? ASK_MS : false;
}

interface KeptFilesProps {
  label: string;
  items: readonly KeptFile[];
  /** Where its file is. */
  file: (id: string) => string;
  busy: boolean;
  onRemove: (id: string) => void;
}

export function KeptFiles({ label, items, file, busy, onRemove }: KeptFilesProps) {
  return (
    <AdminTable
      label={label}
      rows={items}
      rowId={({ id }) => id}
      columns={[
        { name: "Started", of: ({ started }) => <Time value={started} /> },
        { name: "By", of: ({ by }) => by },
        { name: "State", of: (item) => <State item={item} /> },
        { name: "Rows", numeric: true, of: ({ rows }) => count(rows) },
        { name: "Files", numeric: true, of: ({ blobs }) => count(blobs) },
        { name: "Size", numeric: true, of: ({ size_bytes: size }) => bytes(size) },
      ]}
      actions={({ id, state }) => (
        <>
          {state === "completed" && (
            <Button size="small" asChild>
              <DownloadLink path={file(id)}>Download</DownloadLink>
            </Button>
          )}
          {state !== "running" && (
            <Button size="small" disabled={busy} onClick={() => onRemove(id)}>
              Remove
            </Button>
          )}
        </>
      )}
    />
  );
}

function State({ item: { state, problem } }: { item: KeptFile }): ReactNode {
  if (state === "completed") {
    return (
      <Badge tone="good">
        <CircleCheck aria-hidden />
        completed
      </Badge>
    );
  }
  if (state === "running") {
    return (
      <Badge>
        <LoaderCircle aria-hidden className="animate-spin" />
        being made
      </Badge>
    );
  }
  return (
    <>
      <Badge tone="high">
        <CircleX aria-hidden />
        failed
      </Badge>{" "}
      {problem}
    </>
  );
}

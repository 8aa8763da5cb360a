"use client";

/** All uploads, the newest first. */
import { Download } from "lucide-react";
import { useState } from "react";

import { api, http, type Schemas } from "@/api/client";
import { DownloadLink } from "@/api/download-link";
import { DataTable, type Column } from "@/table/data-table";
import { Time } from "@/time/time";
import { Badge } from "@/ui/badge";
import { Dialog } from "@/ui/dialog";
import { ExportCsv, type CsvColumns } from "@/ui/export-csv";
import { Panel } from "@/ui/panel";
import { Empty, View } from "@/ui/state";
import { Tip } from "@/ui/tip";
import { count } from "@/units/format";
import { Problems } from "./problems";
import { usedInWords } from "./used";

type Upload = Schemas["UploadRow"];

const AT_ONCE = 200;

const CSV: CsvColumns<Upload> = {
  id: ({ id }) => id,
  given_utc: ({ at }) => at,
  by: ({ by }) => by,
  file: ({ name }) => name,
  kind: ({ kind }) => kind,
  state: ({ state }) => state,
  records: ({ records }) => records,
  sha256: ({ sha256 }) => sha256,
  problems: ({ problems }) => problems.join("; "),
};

export function History() {
  const [shown, setShown] = useState<Upload | null>(null);
  const uploads = api.useInfiniteQuery(
    "get",
    "/api/v1/uploads",
    { params: { query: { limit: AT_ONCE } } },
    // Not undefined, which openapi-react-query takes for 0.
    { pageParamName: "cursor", initialPageParam: null, getNextPageParam: ({ next_cursor: next }) => next ?? undefined },
  );
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = uploads;
  return (
    <Panel
      title="Earlier uploads"
      note="Enter or a click shows what was said of a file"
      actions={<ExportCsv name="uploads" rows={uploads.data?.pages.flatMap(({ items }) => items)} columns={CSV} hasMore={hasNextPage} />}
    >
      <View
        query={uploads}
        what="uploads"
        isEmpty={({ pages }) => pages.every(({ items }) => items.length === 0)}
        empty={<Empty title="Nothing was uploaded yet">Files that you give stay here, as they were given, with what was said of them.</Empty>}
      >
        {({ pages }) => (
          <DataTable
            label="Uploads"
            columns={COLUMNS}
            rows={pages.flatMap(({ items }) => items)}
            rowId={({ id }) => id}
            onOpen={setShown}
            onEnd={() => {
              if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
            }}
            className="max-h-[50vh]"
          />
        )}
      </View>
      {shown !== null && <Shown upload={shown} onClose={() => setShown(null)} />}
    </Panel>
  );
}

async function fileOf(id: string): Promise<Blob> {
  const { data, error } = await http.GET("/api/v1/uploads/{id}/file", { params: { path: { id } }, parseAs: "blob" });
  if (data === undefined) throw error;
  return data;
}

function Shown({ upload, onClose }: { upload: Upload; onClose: () => void }) {
  const isRejected = upload.state === "rejected";
  return (
    <Dialog open wide onOpenChange={(open) => !open && onClose()} title={upload.name}>
      <p className="mb-2">
        <StateBadge upload={upload} /> {upload.kind ?? "unknown kind"}, by {upload.by}, <Time value={upload.at} />. {usedInWords(upload)}.
      </p>
      <p className="mb-3 text-xs break-all text-quiet">SHA-256 {upload.sha256}</p>
      {upload.problems.length === 0 ? (
        <p className="text-quiet">Nothing was wrong with it.</p>
      ) : (
        <Problems
          name={upload.name}
          problems={upload.problems}
          file={isRejected ? { key: upload.id, read: () => fileOf(upload.id) } : undefined}
        />
      )}
    </Dialog>
  );
}

function StateBadge({ upload }: { upload: Upload }) {
  return <Badge tone={upload.state === "accepted" ? "good" : "high"}>{upload.state}</Badge>;
}

const COLUMNS: Column<Upload>[] = [
    { id: "at", header: "Given", cell: ({ row }) => <Time value={row.original.at} /> },
    { id: "name", header: "File", meta: { className: "max-w-80 truncate" }, cell: ({ row }) => <Tip says={row.original.name}>{row.original.name}</Tip> },
    { id: "kind", header: "Kind", cell: ({ row }) => row.original.kind ?? <span className="text-quiet">unknown</span> },
    { id: "state", header: "State", cell: ({ row }) => <StateBadge upload={row.original} /> },
    { id: "records", header: "Records", meta: { numeric: true, tip: "Messages or records that were taken" }, cell: ({ row }) => count(row.original.records) },
    {
      id: "problems",
      header: "Problems or notes",
      meta: { className: "max-w-96 truncate" },
      cell: ({ row: { original } }) => {
        const [first] = original.problems;
        if (first === undefined) return <span className="text-quiet">none</span>;
        return `${first}${original.problems.length > 1 ? ` (and ${original.problems.length - 1} more)` : ""}`;
      },
    },
    { id: "by", header: "By", cell: ({ row }) => row.original.by },
    {
      id: "file",
      header: () => <span className="sr-only">Download</span>,
      cell: ({ row: { original } }) => (
        <DownloadLink path={`/api/v1/uploads/${original.id}/file`} aria-label={`Download ${original.name}`} className="inline-flex size-6 items-center justify-center rounded text-accent hover:bg-raised">
          <Download aria-hidden className="size-4" />
        </DownloadLink>
      ),
    },
];

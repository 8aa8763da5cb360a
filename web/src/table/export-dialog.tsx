"use client";

import { Download } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { inWords } from "@/api/client";
import { MOST_ROWS } from "@/api/csv-pages";
import type { ListFiles } from "@/api/list-files";
import { Button } from "@/ui/button";
import { download } from "@/ui/csv";
import { Dialog } from "@/ui/dialog";
import { Failure } from "@/ui/state";
import { bytes, count } from "@/units/format";

interface ExportDialogProps {
  /** What the rows are: the name of the file, too. */
  what: string;
  files: ListFiles;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

type State = { at: "rest" } | { at: "busy"; said: string } | { at: "done"; said: string } | { at: "failed"; error: unknown };

function fileName(what: string, ending: string): string {
  return `${what}-${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z.${ending}`;
}

/** Exports what is filtered, in its order. */
export function ExportDialog({ what, files, open, onOpenChange }: ExportDialogProps) {
  const [state, setState] = useState<State>({ at: "rest" });
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);

  const run = (work: (signal: AbortSignal) => Promise<string>) => {
    const controller = new AbortController();
    stop.current = controller;
    setState({ at: "busy", said: "Reading" });
    work(controller.signal)
      .then((said) => setState({ at: "done", said }))
      .catch((error: unknown) => setState(controller.signal.aborted ? { at: "rest" } : { at: "failed", error }));
  };
  const csv = () =>
    run(async (signal) => {
      const told = (rows: number) => setState({ at: "busy", said: `${count(rows)} rows read` });
      const { content, rows, cut } = await files.readCsv(told, signal);
      const name = fileName(what, "csv");
      download(name, content, "text/csv");
      return cut ? `${name}: the first ${count(rows)} rows; there are more.` : `${name}: all ${count(rows)} rows.`;
    });
  const parquet = () =>
    run(async (signal) => {
      const content = await files.readParquet(signal);
      const name = fileName(what, "parquet");
      download(name, content, "application/vnd.apache.parquet");
      return `${name}: every row, ${bytes(content.size)}.`;
    });
  const close = (to: boolean) => {
    if (!to) {
      stop.current?.abort();
      setState({ at: "rest" });
    }
    onOpenChange(to);
  };

  return (
    <Dialog
      open={open}
      onOpenChange={close}
      title={`Export ${what}`}
      description="Every row that the filters let through, with all columns of the service, in the order of the table. Times are UTC, units are in the names of the columns."
    >
      <div className="flex flex-wrap items-center gap-2">
        <Button kind="primary" disabled={state.at === "busy"} onClick={csv}>
          <Download />
          CSV, the first {count(MOST_ROWS)} rows at most
        </Button>
        <Button disabled={state.at === "busy"} onClick={parquet}>
          <Download />
          Parquet, every row
        </Button>
        {state.at === "busy" && <Button onClick={() => stop.current?.abort()}>Stop</Button>}
      </div>
      <div className="mt-3 min-h-6">
        {state.at === "failed" ? (
          <Failure error={inWords(state.error)} what="the rows" />
        ) : (
          <p role="status">{state.at === "rest" ? "" : state.said}</p>
        )}
      </div>
    </Dialog>
  );
}

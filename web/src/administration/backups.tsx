"use client";

import { useState, type FormEvent } from "react";

import { api, http } from "@/api/client";
import { Button } from "@/ui/button";
import { ExportCsv } from "@/ui/export-csv";
import { Field, TextArea } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { View } from "@/ui/state";
import { useAct } from "./act";
import { askAgain, KEPT_FILES_CSV, KeptFiles } from "./kept-files";
import { Wrong } from "./parts";

const PATH = "/api/v1/backups";

export function Backups() {
  const backups = api.useQuery("get", PATH, {}, { refetchInterval: ({ state }) => askAgain(state.data?.items) });
  const [recipients, setRecipients] = useState("");
  const { busy, problem, act } = useAct(PATH);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    await act(() => http.POST(PATH, { body: { recipients: recipients.split(/\s+/).filter((one) => one !== "") } }));
  };
  return (
    <Panel
      title="Backups"
      note={
        <>
          What every organization has, encrypted. <code>astroshield restore</code> reads it.
        </>
      }
      actions={<ExportCsv name="backups" rows={backups.data?.items} columns={KEPT_FILES_CSV} />}
    >
      <form onSubmit={(event) => void submit(event)} aria-label="Make a backup" className="mb-3 flex flex-wrap items-end gap-2">
        <Field label="Public keys of age (age1...), one in each line" hint="Each of them alone opens the backup." className="min-w-80 flex-1">
          {(props) => (
            <TextArea {...props} required rows={2} className="min-h-14 font-mono" value={recipients} onChange={(event) => setRecipients(event.target.value)} />
          )}
        </Field>
        <Button type="submit" disabled={busy || recipients.trim() === ""} className="mb-5">
          Make a backup
        </Button>
      </form>
      <Wrong problem={problem} />
      <View query={backups} what="backups" isEmpty={({ items }) => items.length === 0} empty={<p className="text-quiet">None was made.</p>}>
        {({ items }) => (
          <KeptFiles
            label="Backups"
            items={items}
            file={(id) => `${PATH}/${id}/file`}
            busy={busy}
            onRemove={(id) => void act(() => http.DELETE("/api/v1/backups/{id}", { params: { path: { id } } }))}
          />
        )}
      </View>
    </Panel>
  );
}

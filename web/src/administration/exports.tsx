"use client";

import { api, http } from "@/api/client";
import { Button } from "@/ui/button";
import { ExportCsv } from "@/ui/export-csv";
import { Panel } from "@/ui/panel";
import { View } from "@/ui/state";
import { useAct } from "./act";
import { askAgain, KEPT_FILES_CSV, KeptFiles } from "./kept-files";
import { Wrong } from "./parts";

const PATH = "/api/v1/organization/exports";

export function Exports() {
  const exports = api.useQuery("get", PATH, {}, { refetchInterval: ({ state }) => askAgain(state.data?.items) });
  const { busy, problem, act } = useAct(PATH);
  return (
    <Panel
      title="Exports"
      note="Everything that the organization has: tables as CSV, files as they came. Secrets are not in it."
      actions={
        <>
          <ExportCsv name="exports" rows={exports.data?.items} columns={KEPT_FILES_CSV} />
          <Button size="small" disabled={busy} onClick={() => void act(() => http.POST(PATH))}>
            Make an export
          </Button>
        </>
      }
    >
      <Wrong problem={problem} />
      <View query={exports} what="exports" isEmpty={({ items }) => items.length === 0} empty={<p className="text-quiet">None was made.</p>}>
        {({ items }) => (
          <KeptFiles
            label="Exports"
            items={items}
            file={(id) => `${PATH}/${id}/file`}
            busy={busy}
            onRemove={(id) => void act(() => http.DELETE("/api/v1/organization/exports/{id}", { params: { path: { id } } }))}
          />
        )}
      </View>
    </Panel>
  );
}

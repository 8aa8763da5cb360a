"use client";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api, http, type Conjunction, type Schemas } from "@/api/client";
import { sigma } from "@/conjunctions/words";
import { Time } from "@/time/time";
import { RiskBadge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { download } from "@/ui/csv";
import { Dialog } from "@/ui/dialog";
import { ExportCsv, type CsvColumns } from "@/ui/export-csv";
import { Panel } from "@/ui/panel";
import { Empty, Failure, Loading, View } from "@/ui/state";
import { TipRegion } from "@/ui/tip";
import { Method } from "@/units/method";
import { RawText } from "./raw-text";

type Cdm = Schemas["CdmRow"];

const CSV: CsvColumns<Cdm> = {
  id: ({ id }) => id,
  originator: ({ originator }) => originator,
  created_utc: ({ created }) => created,
  tca_utc: ({ tca }) => tca,
  miss_distance_km: ({ miss_distance_km }) => miss_distance_km,
  stated_probability: ({ stated_probability }) => stated_probability,
  computed_probability: ({ probability }) => probability,
  computed_method: ({ probability_method }) => probability_method,
};

/** Messages that were received about the event, and what they say beside our own solution. */
export function MessagesPanel({ conjunction }: { conjunction: Conjunction }) {
  const cdms = api.useQuery("get", "/api/v1/conjunctions/{id}/cdms", { params: { path: { id: conjunction.id } } });
  const [shown, show] = useState<Cdm | null>(null);
  return (
    <Panel title="Received messages (CDM)" actions={<ExportCsv name="received messages" rows={cdms.data?.items} columns={CSV} />}>
      <View
        query={cdms}
        what="messages"
        isEmpty={({ items }) => items.length === 0}
        empty={<Empty title="No message was received about this event">Upload a CDM of a screening service: it is laid beside our solution.</Empty>}
      >
        {({ items }) => <Table cdms={items} show={show} />}
      </View>
      {shown !== null && <FileDialog conjunction={conjunction.id} cdm={shown} close={() => show(null)} />}
    </Panel>
  );
}

function Table({ cdms, show }: { cdms: readonly Cdm[]; show: (cdm: Cdm) => void }) {
  return (
    <TipRegion label="Received messages" className="overflow-x-auto">
      <table className="w-full text-left tabular-nums">
        <thead className="text-xs text-quiet">
          <tr>
            {["Originator", "Created", "TCA", "Miss", "It states", "We compute from it", "File"].map((name) => (
              <th key={name} scope="col" className="pr-3 font-medium">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {cdms.map((cdm) => (
            <tr key={cdm.id}>
              <td className="pr-3">{cdm.originator}</td>
              <td className="pr-3">
                <Time value={cdm.created} />
              </td>
              <td className="pr-3">
                <Time value={cdm.tca} digits={3} />
              </td>
              <td className="pr-3 whitespace-nowrap">{sigma(cdm.miss_distance_km)}</td>
              <td className="pr-3">{cdm.stated_probability == null ? "no probability" : <RiskBadge value={cdm.stated_probability} />}</td>
              <td className="pr-3">
                {cdm.probability == null ? (
                  "nothing"
                ) : (
                  <>
                    <RiskBadge value={cdm.probability} maximum={cdm.probability_method === "maximum"} />{" "}
                    {cdm.probability_method != null && (
                      <Method method={cdm.probability_method} className="text-xs text-quiet" />
                    )}
                  </>
                )}
              </td>
              <td>
                <Button size="small" onClick={() => show(cdm)} aria-label={`File of the message of ${cdm.originator}, ${cdm.created}`}>
                  File
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TipRegion>
  );
}

/** The file of a message, as text. */
function useFile(id: string, cdm: string) {
  return useQuery({
    queryKey: ["file of a message", id, cdm],
    // What was received does not change.
    staleTime: Infinity,
    queryFn: async ({ signal }): Promise<string> => {
      const { data, error } = await http.GET("/api/v1/conjunctions/{id}/cdms/{cdm}/file", {
        params: { path: { id, cdm } },
        headers: { accept: "*/*" },
        parseAs: "text",
        signal,
      });
      if (error !== undefined) throw error;
      return data;
    },
  });
}

function FileDialog({ conjunction, cdm, close }: { conjunction: string; cdm: Cdm; close: () => void }) {
  const file = useFile(conjunction, cdm.id);
  return (
    <Dialog
      open
      onOpenChange={close}
      title={`Message of ${cdm.originator}`}
      description="The file as it was received; other messages may be in it, too."
      wide
    >
      {file.error !== null && <Failure error={file.error} what="the file" retry={() => void file.refetch()} />}
      {file.isPending && <Loading what="the file" rows={8} />}
      {file.data !== undefined && (
        <>
          <RawText label="File" text={file.data} />
          <Button className="mt-3" onClick={() => download(`${cdm.id}.cdm`, file.data, "application/octet-stream")}>
            Download
          </Button>
        </>
      )}
    </Dialog>
  );
}

"use client";

import { useMemo } from "react";

import { api, type Conjunction, type Schemas } from "@/api/client";
import { pair } from "@/conjunctions/pair";
import { ageDays, sigma, STATUS_WORDS } from "@/conjunctions/words";
import { Plot, type Series } from "@/plots/plot";
import { Ago, Time } from "@/time/time";
import { RiskBadge } from "@/ui/badge";
import { ExportCsv, type CsvColumns } from "@/ui/export-csv";
import { Panel } from "@/ui/panel";
import { View } from "@/ui/state";
import { TipRegion } from "@/ui/tip";
import { GRADES, leading } from "@/units/words";

type Entry = Schemas["HistoryRow"];

const CSV: CsvColumns<Entry> = {
  run: ({ run }) => run,
  at_utc: ({ at }) => at,
  status: ({ status }) => status,
  tca_utc: ({ tca }) => tca,
  miss_distance_km: ({ miss_distance_km }) => miss_distance_km,
  probability: ({ probability }) => probability,
  maximum_probability: ({ maximum_probability }) => maximum_probability,
  first_grade: ({ grades }) => grades[0],
  second_grade: ({ grades }) => grades[1],
  first_epoch_utc: ({ epochs }) => epochs[0],
  second_epoch_utc: ({ epochs }) => epochs[1],
};

/** How miss distance and probability went, run by run. */
export function HistoryPanel({ conjunction }: { conjunction: Conjunction }) {
  const history = api.useQuery("get", "/api/v1/conjunctions/{id}/history", { params: { path: { id: conjunction.id } } });
  return (
    <Panel
      title="Run by run"
      note={history.data && `${history.data.items.length} ${history.data.items.length === 1 ? "solution" : "solutions"}`}
      actions={<ExportCsv name="solutions of the event" rows={history.data?.items} columns={CSV} />}
    >
      <View query={history} what="the history" isEmpty={({ items }) => items.length === 0}>
        {({ items }) => (
          <>
            {items.length > 1 ? <Drawn entries={items} /> : <p className="mb-2 text-quiet">One solution so far: a trend begins with the next screening.</p>}
            <Solutions entries={items} />
          </>
        )}
      </View>
    </Panel>
  );
}

const power = (value: number) => (value >= 0.01 && value < 1_000 ? String(value) : value.toExponential(0));

function Drawn({ entries }: { entries: readonly Entry[] }) {
  const x = useMemo(() => entries.map(({ at }) => Date.parse(at) / 1_000), [entries]);
  const series = useMemo<Series[]>(() => {
    // Zero has no place on a logarithmic axis.
    const above = (value: number) => (value > 0 ? value : null);
    return [
      { label: "Probability", values: entries.map((entry) => above(leading(entry))), color: 2 },
      { label: "Miss (km)", values: entries.map((entry) => above(entry.miss_distance_km)), color: 1, right: true, dashed: true },
    ];
  }, [entries]);
  return (
    <Plot
      label="Probability of collision and miss distance of each screening, over time, on logarithmic axes; the table below has the numbers."
      time
      x={x}
      series={series}
      yLabel="Probability"
      rightLabel="Miss (km)"
      logarithmic
      height={170}
      format={power}
    />
  );
}

function Solutions({ entries }: { entries: readonly Entry[] }) {
  return (
    <TipRegion label="Solutions, the newest first" className="max-h-40 overflow-auto">
      <table className="w-full text-left text-xs tabular-nums">
        <thead className="sticky top-0 bg-panel text-quiet">
          <tr>
            {["Run", "TCA", "Miss", "Probability", "Data", "Status"].map((name) => (
              <th key={name} scope="col" className="pr-3 font-medium">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...entries].reverse().map((entry) => (
            <tr key={`${entry.run} ${entry.at}`}>
              <td className="pr-3">
                <Ago value={entry.at} />
              </td>
              <td className="pr-3 whitespace-nowrap">
                <Time value={entry.tca} digits={1} />
              </td>
              <td className="pr-3 whitespace-nowrap">{sigma(entry.miss_distance_km)}</td>
              <td className="pr-3">
                <RiskBadge value={leading(entry)} maximum={entry.probability == null} />
              </td>
              <td className="pr-3">{data(entry)}</td>
              <td>{STATUS_WORDS[entry.status].short}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TipRegion>
  );
}

function data({ grades, epochs, tca }: Entry): string {
  const ages = pair(epochs).map((epoch) => ageDays(epoch, tca));
  return pair(grades)
    .map((grade, place) => {
      const age = ages[place] ?? null;
      return `${GRADES[grade].short}${age === null ? "" : ` ${age.toFixed(1)} d`}`;
    })
    .join(", ");
}

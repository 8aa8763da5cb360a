"use client";

/** What an object is, and its current elements. */
import type { Schemas } from "@/api/client";
import { KIND_WORDS } from "@/globe/classes";
import { Ago, Time } from "@/time/time";
import { Fact, Facts, Panel } from "@/ui/panel";
import { Empty, View } from "@/ui/state";
import { distance } from "@/units/format";
import { statusInWords } from "./status";
import type { ElementSet } from "./derive";
import type { useElementSets } from "./history";

type ObjectRow = Schemas["ObjectRow"];

export function Identity({ object }: { object: ObjectRow }) {
  const unknown = <span className="text-quiet">unknown</span>;
  return (
    <Panel title="Identity">
      <Facts>
        <Fact name="Name">{object.name ?? unknown}</Fact>
        <Fact name="Catalog number">{object.catalog_number}</Fact>
        <Fact name="International designator">{object.international_designator ?? unknown}</Fact>
        <Fact name="Kind">{object.kind === "unknown" ? unknown : KIND_WORDS[object.kind].name}</Fact>
        <Fact name="Owner">{object.owner ?? unknown}</Fact>
        <Fact name="Status">{object.status == null ? unknown : statusInWords(object.status)}</Fact>
        <Fact name="Launch">{object.launch_date ?? unknown}</Fact>
        {object.decay_date != null && <Fact name="Decay">{object.decay_date}</Fact>}
        <Fact name="Radar cross-section">{object.radar_cross_section_m2 == null ? unknown : `${object.radar_cross_section_m2.toFixed(3)} m²`}</Fact>
      </Facts>
    </Panel>
  );
}

interface ElementsProps {
  object: ObjectRow;
  current: ElementSet | undefined;
  query: ReturnType<typeof useElementSets>;
}

export function Elements({ object, current, query }: ElementsProps) {
  return (
    <Panel title="Newest elements" note="Mean elements of SGP4, in TEME">
      <View query={query} what="element sets" isEmpty={() => current === undefined} empty={<Empty title="No element set">No feed and no upload has brought one.</Empty>}>
        {() =>
          current !== undefined && (
            <Facts>
              <Fact name="Epoch">
                <Time value={current.epoch} digits={3} /> <span className="text-quiet">(<Ago value={current.epoch} />)</span>
              </Fact>
              {object.perigee_km != null && object.apogee_km != null && (
                <Fact name="Perigee × apogee">
                  {distance(object.perigee_km)} × {distance(object.apogee_km)}
                </Fact>
              )}
              {object.period_min != null && <Fact name="Period">{object.period_min.toFixed(3)} min</Fact>}
              <Fact name="Mean motion">{current.mean_motion_rev_day.toFixed(8)} rev/day</Fact>
              <Fact name="Eccentricity">{current.eccentricity.toFixed(7)}</Fact>
              <Fact name="Inclination">{current.inclination_deg.toFixed(4)}°</Fact>
              <Fact name="Right ascension of node">{current.raan_deg.toFixed(4)}°</Fact>
              <Fact name="Argument of perigee">{current.argument_of_perigee_deg.toFixed(4)}°</Fact>
              <Fact name="Mean anomaly">{current.mean_anomaly_deg.toFixed(4)}°</Fact>
              <Fact name="Drag term B*">{current.bstar_inv_earth_radii.toExponential(4)} per Earth radius</Fact>
            </Facts>
          )
        }
      </View>
    </Panel>
  );
}

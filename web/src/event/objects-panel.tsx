"use client";

import Link from "next/link";
import type { ReactNode } from "react";

import { api, type Schemas } from "@/api/client";
import { pair } from "@/conjunctions/pair";
import { Time } from "@/time/time";
import { Badge } from "@/ui/badge";
import { Panel } from "@/ui/panel";
import { Explained } from "@/ui/tip";
import { distance, speed } from "@/units/format";
import { GRADES, nameOf } from "@/units/words";
import { norm } from "./vector";

type Side = Schemas["ObjectGeometryRow"];
type Participant = Schemas["ParticipantRow"];

/** Equatorial radius of the Earth (WGS 84). */
const EARTH_RADIUS_KM = 6_378.137;

interface ObjectsPanelProps {
  participants: readonly Participant[];
  /** Both at closest approach; nothing while that is not known. */
  sides: readonly Side[] | undefined;
  ages: readonly (number | null)[];
}

/** Both objects side by side, and how good the data of each is. */
export function ObjectsPanel({ participants, sides, ages }: ObjectsPanelProps) {
  const both = pair(participants);
  const lists = api.useQuery("get", "/api/v1/watch-lists", {});
  const watched = both.map(({ catalog_number: number }) =>
    lists.data?.items.flatMap((list) => list.objects.filter((object) => object.catalog_number === number).map((object) => ({ list, object }))),
  );
  const rows: [string, (object: Participant, place: number) => ReactNode][] = [
    [
      "Data",
      ({ grade }) => (
        <Badge tone={grade === "gp" ? "elevated" : "good"} tip={GRADES[grade].means}>
          {GRADES[grade].short}
        </Badge>
      ),
    ],
    [
      "Epoch",
      ({ epoch }) =>
        epoch == null ? (
          "unknown"
        ) : (
          <span className="text-xs">
            <Time value={epoch} />
          </span>
        ),
    ],
    ["Age at TCA", (_, place) => inDays(ages[place])],
    ["Hard body", ({ hard_body_radius_m: radius }) => `${radius} m radius`],
    ["Speed", (_, place) => (sides?.[place] === undefined ? "" : speed(norm(sides[place].velocity_km_s)))],
    ["Height", (_, place) => (sides?.[place] === undefined ? "" : distance(norm(sides[place].position_km) - EARTH_RADIUS_KM))],
    ["Maneuverable", (_, place) => maneuverable(watched[place])],
  ];
  return (
    <Panel title="Objects">
      <table className="w-full table-fixed text-left tabular-nums">
        <thead>
          <tr>
            <td className="w-28" />
            {both.map((object, place) => (
              <th key={object.catalog_number} scope="col" className="pb-1 align-top font-semibold">
                <Link href={`/object?number=${object.catalog_number}`} prefetch={false} className="text-accent hover:underline">
                  {nameOf(object)}
                </Link>
                <div className="text-xs font-normal text-quiet">
                  {place === 0 ? "Primary" : "Secondary"}, {object.catalog_number}
                </div>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, cell]) => (
            <tr key={name}>
              <th scope="row" className="py-0.5 font-normal text-quiet">
                <Explained says={name === "Height" ? "Above the equatorial radius, 6,378.137 km" : undefined}>{name}</Explained>
              </th>
              {both.map((object, place) => (
                <td key={object.catalog_number} className="py-0.5 pr-2">
                  {cell(object, place)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function inDays(age: number | null | undefined): string {
  return age == null ? "unknown" : `${age.toFixed(2)} d`;
}

type Watched = { list: Schemas["WatchListRow"]; object: Schemas["WatchedObjectBody"] }[];

/** What the watch lists say; an object on none of them is not one's own. */
function maneuverable(watched: Watched | undefined): string {
  if (watched === undefined) return "";
  if (watched.length === 0) return "not watched";
  const said = watched.find(({ object }) => object.maneuverable != null);
  const names = watched.map(({ list }) => list.name).join(", ");
  if (said === undefined) return `not stated (${names})`;
  return `${said.object.maneuverable === true ? "yes" : "no"} (${names})`;
}

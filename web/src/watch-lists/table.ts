/** A watch list as a table for a file. */
import type { Conjunction, Schemas } from "@/api/client";
import { leading } from "@/units/words";
import type { Known, Order } from "./events";

type WatchList = Schemas["WatchListRow"];

const HEADER = [
  "catalog_number",
  "name",
  "hard_body_radius_m",
  "maneuverable",
  "min_probability",
  "max_miss_distance_km",
  "next_known",
  "next_tca_utc",
  "next_miss_distance_km",
  "next_probability",
  "next_conjunction",
  "riskiest_known",
  "riskiest_tca_utc",
  "riskiest_miss_distance_km",
  "riskiest_probability",
  "riskiest_conjunction",
] as const;

/** Where an event is known to be none, its fields are empty; where it was not read, they are too, and `..._known` says so. */
export function tableOf(list: WatchList, first: (number: number, order: Order) => Known) {
  const event = (known: Conjunction | null | undefined) =>
    known == null ? [known === null, null, null, null, null] : [true, known.tca, known.miss_distance_km, leading(known), known.id];
  const rows = list.objects.map((watched) => {
    const number = watched.catalog_number;
    const [next, riskiest] = [first(number, "tca"), first(number, "probability")];
    const name = (next ?? riskiest)?.objects.find((object) => object.catalog_number === number)?.name;
    return [
      number,
      name,
      watched.hard_body_radius_m,
      watched.maneuverable,
      watched.min_probability,
      watched.max_miss_distance_km,
      ...event(next),
      ...event(riskiest),
    ];
  });
  return { header: HEADER, rows };
}

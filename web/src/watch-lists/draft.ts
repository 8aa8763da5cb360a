/** A watch list while it is edited: what is typed, and what is wrong with it. */
import type { Schemas } from "@/api/client";
import { numberText, readNumber } from "@/ui/number";

type WatchList = Schemas["WatchListRow"];
type WatchListBody = Schemas["WatchListBody"];
type WatchedObject = Schemas["WatchedObjectBody"];

export const MOST_OBJECTS = 10_000;

/** Fields of an object that are typed. */
export const RANGES = {
  hard_body_radius_m: { least: 0.001, most: 1_000, unit: "m" },
  min_probability: { least: 0, most: 1 },
  max_miss_distance_km: { least: 0, most: 1_000, unit: "km" },
} as const;
export type NumberField = keyof typeof RANGES;
export const NUMBER_FIELDS: readonly NumberField[] = ["hard_body_radius_m", "min_probability", "max_miss_distance_km"];

export const MANEUVERABLE = { "": "not stated", yes: "yes", no: "no" } as const;
export type Maneuverable = keyof typeof MANEUVERABLE;

export interface DraftObject {
  catalog_number: number;
  /** Where it is known already. */
  name?: string;
  maneuverable: Maneuverable;
  hard_body_radius_m: string;
  min_probability: string;
  max_miss_distance_km: string;
}

export interface Draft {
  name: string;
  objects: DraftObject[];
}

export function maneuverableOf(value: boolean | null | undefined): Maneuverable {
  if (value === null || value === undefined) return "";
  return value ? "yes" : "no";
}

function draftObject(object: WatchedObject, name?: string): DraftObject {
  return {
    catalog_number: object.catalog_number,
    ...(name === undefined ? {} : { name }),
    maneuverable: maneuverableOf(object.maneuverable),
    hard_body_radius_m: numberText(object.hard_body_radius_m),
    min_probability: numberText(object.min_probability),
    max_miss_distance_km: numberText(object.max_miss_distance_km),
  };
}

export function draftOf(list: WatchList | null): Draft {
  return { name: list?.name ?? "", objects: list?.objects.map((object) => draftObject(object)) ?? [] };
}

export type Action =
  | { kind: "name"; name: string }
  | { kind: "add"; objects: { catalog_number: number; name?: string }[] }
  | { kind: "remove"; catalog_number: number }
  | { kind: "set"; catalog_number: number; field: NumberField; text: string }
  | { kind: "maneuverable"; catalog_number: number; value: Maneuverable };

export function edit(draft: Draft, action: Action): Draft {
  const changed = (number: number, change: Partial<DraftObject>): Draft => ({
    ...draft,
    objects: draft.objects.map((object) => (object.catalog_number === number ? { ...object, ...change } : object)),
  });
  switch (action.kind) {
    case "name":
      return { ...draft, name: action.name };
    case "add": {
      const known = new Set(draft.objects.map((object) => object.catalog_number));
      const added = action.objects.filter(({ catalog_number: number }) => !known.has(number));
      // The newest stand first, where they are seen.
      return { ...draft, objects: [...added.map(({ catalog_number, name }) => draftObject({ catalog_number }, name)), ...draft.objects] };
    }
    case "remove":
      return { ...draft, objects: draft.objects.filter((object) => object.catalog_number !== action.catalog_number) };
    case "set":
      return changed(action.catalog_number, { [action.field]: action.text });
    case "maneuverable":
      return changed(action.catalog_number, { maneuverable: action.value });
  }
}

/** Problems by the service's name of the field: `objects[3].min_probability`. */
export type Problems = ReadonlyMap<string, string>;

/** What is to be sent, or what is wrong. */
export function bodyOf(draft: Draft): { body: WatchListBody; problems?: never } | { body?: never; problems: Problems } {
  const problems = new Map<string, string>();
  const name = draft.name.trim();
  if (name === "" || [...name].length > 100) problems.set("name", "1 to 100 characters are due");
  if (draft.objects.length > MOST_OBJECTS) problems.set("objects", `${draft.objects.length} objects; at most ${MOST_OBJECTS} are taken`);
  const objects = draft.objects.map((object, index): WatchedObject => {
    const number = (field: NumberField): number | null => {
      const read = readNumber(object[field], RANGES[field]);
      if (read.error !== undefined) problems.set(`objects[${index}].${field}`, read.error);
      return read.value ?? null;
    };
    return {
      catalog_number: object.catalog_number,
      maneuverable: object.maneuverable === "" ? null : object.maneuverable === "yes",
      hard_body_radius_m: number("hard_body_radius_m"),
      min_probability: number("min_probability"),
      max_miss_distance_km: number("max_miss_distance_km"),
    };
  });
  return problems.size > 0 ? { problems } : { body: { name, objects } };
}

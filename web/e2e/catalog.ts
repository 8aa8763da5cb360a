/** The catalog of the tests: a part of a real one, at today's date. */
import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const DAY_MS = 86_400_000;
/** One of so many objects: some thousands, whose screening takes seconds. */
const ONE_OF = 6;
/** The International Space Station, which a path looks for. */
export const STATION = { number: 25544, name: "ISS (ZARYA)" };

/** Moves an epoch (`2024-10-29T12:18:43.492896`) by whole days: the time of day keeps its digits. */
function moved(epoch: string, days: number): string {
  const [date, time] = epoch.split("T");
  return `${new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10)}T${time}`;
}

/** Writes the catalog, and returns how many objects it has. */
export function writeCatalog(from: string, to: string, now: number): number {
  const [header, ...lines] = gunzipSync(readFileSync(from)).toString("utf8").trimEnd().split(/\r?\n/);
  const columns = (header ?? "").split(",");
  const [epoch, number] = [columns.indexOf("EPOCH"), columns.indexOf("NORAD_CAT_ID")];
  if (epoch < 0 || number < 0) throw new Error(`${from}: no column EPOCH or NORAD_CAT_ID`);
  const rows = lines.map((line) => line.split(","));
  const newest = rows.map((row) => row[epoch] ?? "").reduce((one, other) => (one > other ? one : other));
  const days = Math.floor((now - Date.parse(`${newest}Z`)) / DAY_MS);
  const kept = rows.filter((row, place) => place % ONE_OF === 0 || Number(row[number]) === STATION.number);
  const written = kept.map((row) => row.map((field, column) => (column === epoch ? moved(field, days) : field)).join(","));
  writeFileSync(to, `${[header, ...written].join("\n")}\n`);
  return kept.length;
}

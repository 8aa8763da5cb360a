/** All pages, with something on them. */
import type { APIRequestContext } from "@playwright/test";

import { STATION } from "./catalog";

export interface Shown {
  name: string;
  path: string;
}

const MINUTE_MS = 60_000;

/** What is past so many minutes from now, and later. */
export function fromIn(minutes: number): { tca_from: string } {
  return { tca_from: new Date(Date.now() + minutes * MINUTE_MS).toISOString() };
}

/** The riskiest event that is still to come when the path is over. */
export async function riskiest(service: APIRequestContext, query: Record<string, string> = fromIn(10)): Promise<{ id: string; objects: { catalog_number: number }[] }> {
  const params = { sort: "probability", relation: "false", status: "active", limit: "1", ...query };
  const answer = await service.get("/api/v1/conjunctions", { params });
  const { items } = (await answer.json()) as { items: { id: string; objects: { catalog_number: number }[] }[] };
  const [first] = items;
  if (first === undefined) throw new Error(`no conjunction with ${JSON.stringify(params)}`);
  return first;
}

export async function pages(service: APIRequestContext): Promise<Shown[]> {
  const event = await riskiest(service);
  return [
    { name: "today", path: "/" },
    { name: "watch-lists", path: "/watch-lists/" },
    { name: "conjunctions", path: "/conjunctions/" },
    { name: "event", path: `/event/?id=${event.id}` },
    { name: "globe", path: "/globe/" },
    { name: "objects", path: "/objects/" },
    { name: "object", path: `/object/?number=${STATION.number}` },
    { name: "alerts", path: "/alerts/" },
    { name: "rules", path: "/rules/" },
    { name: "uploads", path: "/uploads/" },
    { name: "screen", path: "/screen/" },
    { name: "feeds", path: "/feeds/" },
    { name: "operations", path: "/operations/" },
    { name: "administration", path: "/administration/" },
    { name: "members", path: "/administration/?part=members" },
    { name: "keys", path: "/administration/?part=keys" },
    { name: "webhooks", path: "/administration/?part=webhooks" },
    { name: "audit", path: "/administration/?part=audit" },
    { name: "organization", path: "/administration/?part=organization" },
    { name: "organizations", path: "/administration/?part=organizations" },
    { name: "welcome", path: "/welcome/" },
    { name: "not-found", path: "/nothing-here/" },
  ];
}

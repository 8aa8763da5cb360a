/** Starts the service before all tests, and stops it after them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { request, type APIRequestContext } from "@playwright/test";

import { writeCatalog } from "./catalog";
import { place, PLACE, serving, signInLink, start, stop, until } from "./service";

const LONGEST_SCREENING_MS = 300_000;

async function firstRun(service: APIRequestContext): Promise<void> {
  await until("the first screening is done", LONGEST_SCREENING_MS, async () => {
    const answer = await service.get("/api/v1/status");
    if (!answer.ok()) throw new Error(`/api/v1/status: ${answer.status()} ${await answer.text()}`);
    const { newest_run: run } = (await answer.json()) as { newest_run: { state: string; problem: string | null } | null };
    if (run?.state === "failed") throw new Error(`the first screening failed: ${run.problem}`);
    return run?.state === "completed" ? true : undefined;
  });
}

export default async function setup(): Promise<() => Promise<void>> {
  const binary = process.env["ASTROSHIELD_BINARY"];
  if (binary === undefined) throw new Error("ASTROSHIELD_BINARY is to name the service");
  const data = process.env["ASTROSHIELD_REFERENCE_DATA"] ?? resolve(import.meta.dirname, "../../../shared/data");
  const folder = mkdtempSync(join(tmpdir(), "astroshield-e2e-"));
  const catalog = join(folder, "catalog.csv");
  writeCatalog(join(data, "catalog/on_orbit_20241101.omm.csv.gz"), catalog, Date.now());
  process.env[PLACE] = join(folder, "place.json");
  const { address } = serving(await start({ folder, catalog, binary: resolve(binary) }));
  const end = async () => {
    await stop(place());
    rmSync(folder, { recursive: true });
  };
  try {
    // The tests are signed in unless they sign in themselves.
    const service = await request.newContext({ baseURL: address, extraHTTPHeaders: { origin: address } });
    const token = (await signInLink()).searchParams.get("token");
    const answer = await service.post("/api/v1/session", { data: { token } });
    if (!answer.ok()) throw new Error(`cannot sign in: ${answer.status()} ${await answer.text()}`);
    await firstRun(service);
    await service.storageState({ path: join(folder, "session.json") });
    await service.dispose();
  } catch (error) {
    await end();
    throw error;
  }
  return end;
}

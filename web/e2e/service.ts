/** The service under test: a process of its own, in a folder of its own. */
import { spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Where it is written which process serves the tests; the setup passes it on to them. */
export const PLACE = "ASTROSHIELD_E2E";

export interface Place {
  folder: string;
  catalog: string;
  binary: string;
  address: string;
  pid: number;
  /** Variables of its environment, beside those of every service here. */
  variables?: Record<string, string>;
}

/** The longest that a page which lost the connection waits before it tries again (web/src/stream/stream.ts), and the time of the trial. */
export const LONGEST_ATTEMPT_MS = 60_000;

const LONGEST_START_MS = 120_000;
const LONGEST_END_MS = 60_000;

export function place(): Place {
  const file = process.env[PLACE];
  if (file === undefined) throw new Error(`${PLACE} is not set: the setup has not run`);
  return JSON.parse(readFileSync(file, "utf8")) as Place;
}

/** Has the tests know which process serves them from now on. */
export function serving(at: Place): Place {
  writeFileSync(process.env[PLACE] ?? join(at.folder, "place.json"), JSON.stringify(at));
  return at;
}

/** Asks again and again until it is told something. */
export async function until<T>(what: string, longestMs: number, ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (const begin = Date.now(); Date.now() - begin < longestMs; await sleep(200)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new Error(`${what}: not within ${longestMs / 1_000} s`);
}

/** Where its data is: that of a catalog is in a folder of its own. */
export function storeFolder({ folder }: Pick<Place, "folder">): string {
  const catalogs = join(folder, "data", "catalogs");
  const [own, ...others] = readdirSync(catalogs);
  if (own === undefined || others.length > 0) throw new Error(`${catalogs}: not one catalog`);
  return join(catalogs, own);
}

function printed(folder: string): string {
  return readFileSync(join(folder, "out.txt"), "utf8");
}

/** The links that were printed so far, each with its whole line. */
function links(folder: string): URL[] {
  return [...printed(folder).matchAll(/^AstroShield: (\S+)\n/gm)].map(([, link]) => new URL(link ?? ""));
}

/** A port that is free, below those that the system gives to whoever connects: nobody takes it while the service is away. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const isFree = new Promise<boolean>((done) => {
      server.once("error", () => done(false));
      server.listen(port, "127.0.0.1", () => done(true));
    });
    if (!(await isFree)) continue;
    await new Promise((done) => server.close(done));
    return port;
  }
}

/** Starts it, and waits until it answers; on a port that is free, or on one that it had. Its folder may have settings, `astroshield.toml`. */
export async function start(at: Omit<Place, "pid" | "address">, had?: number): Promise<Place> {
  const { folder, catalog, binary, variables } = at;
  const port = had ?? (await freePort());
  const before = had === undefined ? 0 : links(folder).length;
  const [out, log] = [openSync(join(folder, "out.txt"), "a"), openSync(join(folder, "log.txt"), "a")];
  // Nothing of the person who runs the tests.
  const env: Record<string, string> = {
    HOME: folder,
    ASTROSHIELD__CONSOLE__FOLDER: resolve(import.meta.dirname, "../out"),
    // Its newest epoch is some hours to a day old, by the time of day, and of two objects older: no alert of that comes in between.
    ASTROSHIELD__SILENCE__STALE_CATALOG_AFTER: "240h",
    ...variables,
  };
  const child = spawn(binary, ["serve", "--catalog", catalog, "--data", join(folder, "data"), "--listen", `127.0.0.1:${port}`], {
    cwd: folder,
    env: env as NodeJS.ProcessEnv,
    stdio: ["ignore", out, log],
  });
  closeSync(out);
  closeSync(log);
  child.unref();
  const link = await until("the service has printed a link", LONGEST_START_MS, () => {
    if (child.exitCode !== null) throw new Error(`the service ended:\n${readFileSync(join(folder, "log.txt"), "utf8").slice(-3_000)}`);
    return links(folder)[before];
  });
  const running = { ...at, address: link.origin, pid: child.pid ?? 0 };
  await until("the service is ready", LONGEST_START_MS, async () => ((await fetch(`${link.origin}/health/ready`)).ok ? true : undefined));
  return running;
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Ends it as an init system would. */
export async function stop({ pid }: Place): Promise<void> {
  if (!isThere(pid)) return;
  process.kill(pid, "SIGTERM");
  try {
    await until("the service has ended", LONGEST_END_MS, () => (isThere(pid) ? undefined : true));
  } catch (error) {
    process.kill(pid, "SIGKILL");
    throw error;
  }
}

/** Another link that signs in once. */
export async function signInLink(): Promise<URL> {
  const { folder, pid } = place();
  const before = links(folder).length;
  process.kill(pid, "SIGHUP");
  return until("another link", LONGEST_END_MS, () => links(folder)[before]);
}

/**
 * A service of several organizations, whose people sign in at an identity provider. It is another process than that of the other
 * paths, and knows the two objects of the riskiest event alone: these are screened at once.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { APIRequestContext, Browser, BrowserContext, Page } from "@playwright/test";

import { Issuer } from "./issuer";
import { fromIn, riskiest } from "./pages";
import { place, start, stop, storeFolder, until, type Place } from "./service";
import { expect, note, test as base } from "./test";

/** Which the pages of the provider ask for; no browser here gets there. */
const FONTS = "https://fonts.googleapis.com";
const CLIENT = "console-paths";
const SECRET = "a secret: of & paths";

function settings(issuer: string): string {
  return `[identity]
kind = "oidc"
issuer = "${issuer}"
client_id = "${CLIENT}"
client_secret = "${SECRET}"
scopes = ["email", "groups"]
authorities_file = "issuer.pem"

[notify]
allowed_networks = ["127.0.0.0/8"]
`;
}

export interface Organizations {
  at: Place;
  issuer: Issuer;
  /** `astroshield tenant ...` beside the running service. */
  tenant: (...words: string[]) => string;
}

/** Somebody in a browser of their own. */
export interface Person {
  page: Page;
  context: BrowserContext;
  /** The interface, asked as them. */
  service: APIRequestContext;
}

interface Fixtures {
  /** Signs somebody in at the provider, from the page that they wanted. */
  enter: (name: string, wanted?: string) => Promise<Person>;
}

/** The lines of a catalog about some objects. */
function only(catalog: string, numbers: readonly number[]): string {
  const [header = "", ...lines] = readFileSync(catalog, "utf8").split("\n");
  const column = header.split(",").indexOf("NORAD_CAT_ID");
  return [header, ...lines.filter((line) => numbers.includes(Number(line.split(",")[column])))].join("\n");
}

async function begin(folder: string, numbers: readonly number[]): Promise<Organizations> {
  const { binary, catalog } = place();
  const own = join(folder, "catalog.csv");
  writeFileSync(own, `${only(catalog, numbers)}\n`);
  const issuer = Issuer.start(join(folder, "issuer"));
  try {
    copyFileSync(issuer.authority, join(folder, "issuer.pem"));
    writeFileSync(join(folder, "astroshield.toml"), settings(issuer.address));
    // Webhooks here have a certificate of the same authority.
    const at = await start({ folder, catalog: own, binary, variables: { SSL_CERT_FILE: issuer.authority } });
    await issuer.register(at.address, CLIENT, SECRET);
    const env = { HOME: folder, ASTROSHIELD__DATA__FOLDER: storeFolder(at) } as Record<string, string> as NodeJS.ProcessEnv;
    const tenant = (...words: string[]) => execFileSync(binary, ["tenant", ...words], { cwd: folder, env, encoding: "utf8" });
    return { at, issuer, tenant };
  } catch (error) {
    issuer.stop();
    throw error;
  }
}

/** Fills the form of the provider. */
export async function signInAtProvider(page: Page, issuer: Issuer, name: string): Promise<void> {
  await expect(page).toHaveURL((url) => url.origin === issuer.address);
  await page.getByPlaceholder("Enter any login").fill(name);
  await page.getByPlaceholder("and password").fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
}

async function enterAs(browser: Browser, { at, issuer }: Organizations, complaints: string[], name: string, wanted: string): Promise<BrowserContext> {
  const context = await browser.newContext({ baseURL: at.address, ignoreHTTPSErrors: true, storageState: { cookies: [], origins: [] } });
  note(complaints, context, [at.address, issuer.address, FONTS]);
  const page = await context.newPage();
  await page.goto(`/signin/?${new URLSearchParams({ next: wanted })}`);
  await page.getByRole("link", { name: "Sign in" }).click();
  await signInAtProvider(page, issuer, name);
  await expect(page).toHaveURL((url) => url.origin === at.address && !url.pathname.startsWith("/auth/"));
  return context;
}

export const test = base.extend<Fixtures, { organizations: Organizations }>({
  organizations: [
    async ({ playwright }, give) => {
      const { address, folder: others } = place();
      const service = await playwright.request.newContext({ baseURL: address, storageState: join(others, "session.json") });
      // Still to come when the last path is over.
      const { objects } = await riskiest(service, fromIn(90));
      await service.dispose();
      const folder = mkdtempSync(join(tmpdir(), "astroshield-e2e-organizations-"));
      const organizations = await begin(folder, objects.map(({ catalog_number: number }) => number));
      await give(organizations);
      await stop(organizations.at);
      organizations.issuer.stop();
      rmSync(folder, { recursive: true });
    },
    { scope: "worker", timeout: 300_000 },
  ],
  baseURL: async ({ organizations }, give) => give(organizations.at.address),
  storageState: { cookies: [], origins: [] },
  ignoreHTTPSErrors: true,
  sites: async ({ organizations }, give) => give([organizations.issuer.address, FONTS]),
  enter: async ({ browser, playwright, organizations, complaints }, give) => {
    const entered: { context: BrowserContext; service: APIRequestContext }[] = [];
    await give(async (name, wanted = "/alerts/") => {
      const context = await enterAs(browser, organizations, complaints, name, wanted);
      const { address } = organizations.at;
      const service = await playwright.request.newContext({ baseURL: address, extraHTTPHeaders: { origin: address }, storageState: await context.storageState() });
      entered.push({ context, service });
      const [page] = context.pages();
      if (page === undefined) throw new Error("the page was closed");
      return { page, context, service };
    });
    for (const { context, service } of entered) {
      await context.close();
      await service.dispose();
    }
  },
});

/** The one event that the service knows, when it is screened. */
export function theEvent(service: APIRequestContext): ReturnType<typeof riskiest> {
  return until("the catalog is screened", 120_000, () => riskiest(service).catch(() => undefined));
}

export { expect };

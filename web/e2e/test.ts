/** What all paths have: the service's address, somebody who is signed in, and a page that reports what a browser complains of. */
import { test as base, expect, type APIRequestContext, type BrowserContext } from "@playwright/test";
import { join } from "node:path";

import { place } from "./service";

interface Fixtures {
  /** The interface, asked as the person who is signed in. */
  service: APIRequestContext;
  /** Sites that a path leads to, beside the console's own. */
  sites: readonly string[];
  /** What went wrong on the page: errors, refused loads, requests to other hosts. A path ends with none. */
  complaints: string[];
}

/** Notes what a browser complains of in its pages, and requests to other sites than these. */
export function note(complaints: string[], context: BrowserContext, sites: readonly string[]): void {
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "blob:"].includes(url.protocol) && !sites.includes(url.origin)) complaints.push(`another host: ${request.url()}`);
  });
  context.on("weberror", (error) => complaints.push(`error: ${error.error().message}`));
  context.on("console", (message) => {
    // Answers of the service that are no success are for the page to show.
    if (message.type() === "error" && !/^Failed to load resource/.test(message.text())) complaints.push(`console: ${message.text()}`);
  });
}

export const test = base.extend<Fixtures>({
  baseURL: async ({}, give) => give(place().address),
  storageState: async ({}, give) => give(join(place().folder, "session.json")),
  service: async ({ playwright, baseURL, storageState }, give) => {
    const address = baseURL ?? "";
    const context = await playwright.request.newContext({ baseURL: address, extraHTTPHeaders: { origin: address }, ...(storageState && { storageState }) });
    await give(context);
    await context.dispose();
  },
  sites: [[], { option: true }],
  complaints: [
    async ({ context, baseURL, sites }, give) => {
      const complaints: string[] = [];
      note(complaints, context, [baseURL ?? "", ...sites]);
      await give(complaints);
      expect(complaints).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

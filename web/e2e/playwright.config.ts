/**
 * Whole paths through the console, in a real browser against the real service with real data.
 *
 *     make console                                            # builds web/out
 *     ASTROSHIELD_BINARY=... npm run e2e                      # from web/; one file: npm run e2e -- alerts
 *
 * `setup.ts` starts the binary on a free port and in a folder of its own, on a part of the catalog of 1 November 2024 whose epochs
 * are moved by whole days to today, so that events are to come; waits for its first screening; and stops it by its process id.
 * The paths of several organizations (`organizations.ts`) start a second one, of two objects, beside an identity provider.
 *
 * ASTROSHIELD_BINARY           the service, `astroshield`
 * ASTROSHIELD_REFERENCE_DATA   folder with the reference data (../../shared/data)
 * ASTROSHIELD_CHROMIUM         the browser (/usr/bin/chromium)
 */
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: ".",
  globalSetup: "./setup.ts",
  outputDir: "../test-results",
  // One service for all: what one path makes must not surprise another.
  workers: 1,
  fullyParallel: false,
  // A path that works only sometimes does not work.
  retries: 0,
  forbidOnly: true,
  // Bounds of what hangs. A machine that is several times slower must not come near them.
  timeout: 180_000,
  globalTimeout: 60 * 60_000,
  expect: { timeout: 45_000 },
  reporter: "list",
  use: {
    viewport: { width: 1366, height: 768 },
    locale: "en-US",
    timezoneId: "UTC",
    actionTimeout: 45_000,
    navigationTimeout: 60_000,
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env["ASTROSHIELD_CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-background-networking",
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
        // There is nothing beside this machine.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
      ],
    },
  },
});

/** As the paths, but makes pictures: see screenshots.ts. */
import { defineConfig } from "@playwright/test";

import paths from "./playwright.config";

export default defineConfig(paths, { testMatch: "screenshots.ts" });

import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  test: { environment: "jsdom", testTimeout: 60_000, include: ["src/**/*.test.{ts,tsx}", "scripts/**/*.test.mjs"], setupFiles: ["src/test-setup.ts"] },
});

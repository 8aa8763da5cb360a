// Bundles the propagator of the globe into one file of its own. Next.js does not see it: its bundler does not come to an end
// on satellite.js's build for several threads, which opens a worker of itself and which nothing here uses.
import { rolldown } from "rolldown";

const UNUSED = "#wasm-multi-thread";

const bundle = await rolldown({
  input: "src/globe/worker.ts",
  platform: "browser",
  tsconfig: true,
  plugins: [
    {
      name: "single-thread",
      resolveId: (source) => {
        if (source === UNUSED) return { id: UNUSED, external: false };
        // Asked for only where there is Node.
        return source.startsWith("node:") ? { id: source, external: true } : null;
      },
      load: (id) => (id === UNUSED ? "export default undefined;" : null),
    },
  ],
});
const { output } = await bundle.write({ file: "public/globe-worker.js", format: "esm", minify: true, codeSplitting: false });
console.log(`globe-worker.js: ${(output[0].code.length / 1000).toFixed(0)} kB`);

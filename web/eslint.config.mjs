import next from "eslint-config-next/core-web-vitals";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: [".next/**", "out/**", "next-env.d.ts", "src/api/schema.ts", "public/**", "test-results/**", "playwright-report/**"] },
  ...next,
  ...tseslint.configs.strict,
  {
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "no-console": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
      // The React Compiler is not used.
      "react-hooks/incompatible-library": "off",
    },
  },
  { files: ["scripts/**", "e2e/**"], rules: { "no-console": "off" } },
);

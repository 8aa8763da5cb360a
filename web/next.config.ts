import type { NextConfig } from "next";

const config: NextConfig = {
  output: "export",
  // `/x/` is `x/index.html`, which any server of files answers.
  trailingSlash: true,
  reactStrictMode: true,
  images: { unoptimized: true },
  poweredByHeader: false,
  typedRoutes: true,
};

export default config;

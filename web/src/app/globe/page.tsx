import type { Metadata } from "next";

import { GlobePage } from "@/globe/page";

export const metadata: Metadata = { title: "Globe" };

export default function Page() {
  return <GlobePage />;
}

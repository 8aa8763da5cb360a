import type { Metadata } from "next";

import { FeedsAndRuns } from "@/feeds/page";

export const metadata: Metadata = { title: "Feeds and runs" };

export default function Page() {
  return <FeedsAndRuns />;
}

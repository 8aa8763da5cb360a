import type { Metadata } from "next";

import { PageHeader } from "@/ui/panel";

export const metadata: Metadata = { title: "Feeds and runs" };

export default function Page() {
  return <PageHeader title="Feeds and runs" />;
}

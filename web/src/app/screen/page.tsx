import type { Metadata } from "next";

import { PageHeader } from "@/ui/panel";

export const metadata: Metadata = { title: "Screen on demand" };

export default function Page() {
  return <PageHeader title="Screen on demand" />;
}

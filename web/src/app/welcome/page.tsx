import type { Metadata } from "next";

import { PageHeader } from "@/ui/panel";

export const metadata: Metadata = { title: "What you see here" };

export default function Page() {
  return <PageHeader title="What you see here" />;
}

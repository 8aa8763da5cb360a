import type { Metadata } from "next";

import { PageHeader } from "@/ui/panel";

export const metadata: Metadata = { title: "Alert rules" };

export default function Page() {
  return <PageHeader title="Alert rules" />;
}

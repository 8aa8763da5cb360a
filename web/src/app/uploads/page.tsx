import type { Metadata } from "next";

import { PageHeader } from "@/ui/panel";

export const metadata: Metadata = { title: "Uploads" };

export default function Page() {
  return <PageHeader title="Uploads" />;
}

import type { Metadata } from "next";

import { PageHeader } from "@/ui/panel";

export const metadata: Metadata = { title: "Watch lists" };

export default function Page() {
  return <PageHeader title="Watch lists" />;
}

import type { Metadata } from "next";

import { PageHeader } from "@/ui/panel";

export const metadata: Metadata = { title: "Object" };

export default function Page() {
  return <PageHeader title="Object" />;
}

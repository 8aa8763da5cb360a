import type { Metadata } from "next";

import { PageHeader } from "@/ui/panel";

export const metadata: Metadata = { title: "Sign in" };

export default function Page() {
  return <PageHeader title="Sign in" />;
}

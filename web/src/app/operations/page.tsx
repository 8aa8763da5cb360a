import type { Metadata } from "next";

import { OperationsPage } from "@/operations/operations";

export const metadata: Metadata = { title: "Operations" };

export default function Page() {
  return <OperationsPage />;
}

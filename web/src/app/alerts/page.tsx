import type { Metadata } from "next";

import { Alerts } from "@/alerts/alerts";

export const metadata: Metadata = { title: "Alerts" };

export default function Page() {
  return <Alerts />;
}

import type { Metadata } from "next";

import { Rules } from "@/rules/rules";

export const metadata: Metadata = { title: "Alert rules" };

export default function Page() {
  return <Rules />;
}

import type { Metadata } from "next";

import { Screen } from "@/screen/screen";

export const metadata: Metadata = { title: "Screen on demand" };

export default function Page() {
  return <Screen />;
}

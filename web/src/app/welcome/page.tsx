import type { Metadata } from "next";

import { Welcome } from "@/welcome/welcome";

export const metadata: Metadata = { title: "What you see here" };

export default function Page() {
  return <Welcome />;
}

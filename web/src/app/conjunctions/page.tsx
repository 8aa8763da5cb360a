import type { Metadata } from "next";

import { Conjunctions } from "@/conjunctions/conjunctions";

export const metadata: Metadata = { title: "Conjunctions" };

export default function Page() {
  return <Conjunctions />;
}

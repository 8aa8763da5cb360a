import type { Metadata } from "next";

import { Event } from "@/event/event";

export const metadata: Metadata = { title: "Event" };

export default function Page() {
  return <Event />;
}

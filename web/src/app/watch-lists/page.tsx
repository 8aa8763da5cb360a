import type { Metadata } from "next";

import { WatchLists } from "@/watch-lists/watch-lists";

export const metadata: Metadata = { title: "Watch lists" };

export default function Page() {
  return <WatchLists />;
}

import type { Metadata } from "next";
import { Suspense } from "react";

import { Objects } from "@/objects/objects";
import { Loading } from "@/ui/state";

export const metadata: Metadata = { title: "Objects" };

export default function Page() {
  return (
    <Suspense fallback={<Loading what="objects" />}>
      <Objects />
    </Suspense>
  );
}

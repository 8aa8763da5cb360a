import type { Metadata } from "next";
import { Suspense } from "react";

import { ObjectPage } from "@/object/object";
import { Loading } from "@/ui/state";

export const metadata: Metadata = { title: "Object" };

export default function Page() {
  return (
    <Suspense fallback={<Loading what="object" />}>
      <ObjectPage />
    </Suspense>
  );
}

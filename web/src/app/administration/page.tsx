import type { Metadata } from "next";
import { Suspense } from "react";

import { Administration } from "@/administration/page";
import { Loading } from "@/ui/state";

export const metadata: Metadata = { title: "Administration" };

export default function Page() {
  return (
    <Suspense fallback={<Loading what="administration" />}>
      <Administration />
    </Suspense>
  );
}

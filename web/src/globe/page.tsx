"use client";

/** The page of the globe. What draws it is large: it comes after the page itself. */
import dynamic from "next/dynamic";
import { Suspense, useState } from "react";

import { api } from "@/api/client";
import { usePastStart } from "@/time/reference";
import { Loading, View } from "@/ui/state";

const Globe = dynamic(() => import("./globe").then(({ Globe: loaded }) => loaded), {
  ssr: false,
  loading: () => <Loading what="globe" />,
});

export function GlobePage() {
  // What counts as now follows from what was screened: it has to be known first.
  const status = api.useQuery("get", "/api/v1/status", {});
  return (
    <View query={status} what="status of the service">
      {() => (
        <Suspense fallback={<Loading what="globe" />}>
          <FromPresent />
        </Suspense>
      )}
    </View>
  );
}

function FromPresent() {
  const past = usePastStart();
  const [opened] = useState(() => Date.now());
  return <Globe presentMs={past ?? opened} />;
}

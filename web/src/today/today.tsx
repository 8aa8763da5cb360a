"use client";

/** What an operator looks at every morning, on one screen. */
import { X } from "lucide-react";
import Link from "next/link";
import { useState } from "react";

import { Button } from "@/ui/button";
import { PageHeader } from "@/ui/panel";
import { ChangesPanel } from "./changes";
import { DataPanel } from "./data-panel";
import { NewestRuns } from "./newest-runs";
import { OpenAlerts } from "./open-alerts";
import { Riskiest } from "./riskiest";
import { Satellites } from "./satellites";
import { useVisit } from "./visits";

export function Today() {
  const visit = useVisit();
  return (
    <div className="flex min-h-full flex-col lg:h-full">
      {/* Beside the heading: what comes late must not push down what is being read. */}
      <PageHeader title="Today" actions={visit?.isFirst === true && <FirstVisit />} />
      <div className="grid min-h-0 flex-1 gap-3 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="flex min-h-0 min-w-0 flex-col gap-3">
          <Riskiest />
          <ChangesPanel visit={visit} />
        </div>
        <div className="flex min-w-0 flex-col gap-3">
          <Satellites />
          <OpenAlerts />
          <DataPanel />
          <NewestRuns />
        </div>
      </div>
    </div>
  );
}

function FirstVisit() {
  const [closed, setClosed] = useState(false);
  if (closed) return null;
  return (
    <aside aria-label="First visit" className="flex h-7 items-center gap-3 rounded-lg border border-line bg-accent-soft pl-3">
      <p className="flex-1">
        This is your first visit.{" "}
        <Link href="/welcome" className="font-medium text-accent underline">
          What you see here, and what the data can and cannot tell
        </Link>
      </p>
      <Button kind="ghost" size="small" aria-label="Close" onClick={() => setClosed(true)}>
        <X />
      </Button>
    </aside>
  );
}

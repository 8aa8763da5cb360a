"use client";

import { PageHeader } from "@/ui/panel";
import { Feeds } from "./feeds";
import { Runs } from "./runs";

export function FeedsAndRuns() {
  return (
    <>
      <PageHeader title="Feeds and runs" />
      <div className="flex flex-col gap-3">
        <Feeds />
        <Runs />
      </div>
    </>
  );
}

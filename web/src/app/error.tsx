"use client";

import { Button } from "@/ui/button";
import { Failure } from "@/ui/state";

/** What stands in a page's place when it has failed; the head and the other pages go on. */
export default function PageError({ error, reset }: { error: Error; reset: () => void }) {
  return (
    <div className="flex flex-col items-start gap-3">
      <Failure error={error} what="this page" />
      <Button onClick={reset}>Try again</Button>
    </div>
  );
}

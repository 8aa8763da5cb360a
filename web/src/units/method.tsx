import type { ComponentProps } from "react";

import { Tip } from "@/ui/tip";
import { METHODS } from "./words";

/** How a probability was computed: its name, and what that means as the tip. */
export function Method({ method, ...rest }: { method: keyof typeof METHODS } & ComponentProps<"span">) {
  const { short, means } = METHODS[method];
  return (
    <Tip says={means} {...rest}>
      {short}
    </Tip>
  );
}

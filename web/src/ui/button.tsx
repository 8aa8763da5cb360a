import { cva, type VariantProps } from "class-variance-authority";
import { Slot } from "radix-ui";
import type { ComponentProps } from "react";

import { cn } from "./cn";

const look = cva(
  "inline-flex items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap transition-colors disabled:opacity-50 disabled:cursor-not-allowed aria-disabled:cursor-not-allowed aria-disabled:opacity-50 [&_svg]:size-4 [&_svg]:shrink-0",
  {
    variants: {
      kind: {
        primary: "bg-accent text-accent-ink hover:opacity-90",
        plain: "border border-line bg-panel hover:bg-raised",
        ghost: "hover:bg-raised",
        danger: "border border-high text-high hover:bg-high-soft",
      },
      size: { normal: "h-8 px-3", small: "h-7 px-2 text-xs", icon: "size-8" },
    },
    defaultVariants: { kind: "plain", size: "normal" },
  },
);

interface ButtonProps extends ComponentProps<"button">, VariantProps<typeof look> {
  /** Looks so, but is what it holds: a link. */
  asChild?: boolean;
}

export function Button({ kind, size, asChild = false, className, type = "button", ...rest }: ButtonProps) {
  const names = cn(look({ kind, size }), className);
  if (asChild) return <Slot.Root className={names} {...rest} />;
  return <button type={type} className={names} {...rest} />;
}

import { clsx, type ClassValue } from "clsx";
import { twMerge } from "tailwind-merge";

/** Class names; a later one of a kind wins. */
export function cn(...names: ClassValue[]): string {
  return twMerge(clsx(names));
}

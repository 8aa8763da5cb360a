"use client";

/** A link to a file of the interface, wherever the settings say that it is. */
import { useQuery } from "@tanstack/react-query";
import type { ComponentProps } from "react";

import { config } from "./config";

export function DownloadLink({ path, ...rest }: Omit<ComponentProps<"a">, "href"> & { path: string }) {
  const settings = useQuery({ queryKey: ["config"], queryFn: config, staleTime: Infinity });
  return <a href={`${settings.data?.api ?? ""}${path}`} download {...rest} />;
}

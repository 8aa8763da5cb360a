"use client";

/** A link to a file of the interface, wherever the settings say that it is. */
import { useQuery } from "@tanstack/react-query";
import type { ComponentProps } from "react";

import { CONFIG_QUERY } from "./config";

export function DownloadLink({ path, ...rest }: Omit<ComponentProps<"a">, "href"> & { path: string }) {
  const settings = useQuery(CONFIG_QUERY);
  return <a href={`${settings.data?.api ?? ""}${path}`} download {...rest} />;
}

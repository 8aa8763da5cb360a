"use client";

import { QueryClientProvider } from "@tanstack/react-query";
import { usePathname } from "next/navigation";
import { useState, type ReactNode } from "react";

import { newQueryClient } from "@/api/client";
import { StreamProvider } from "@/stream/provider";
import { TipLayer } from "@/ui/tip";
import { ThemeOnPage } from "./theme";

export function Providers({ children }: { children: ReactNode }) {
  const [client] = useState(newQueryClient);
  const signingIn = usePathname().startsWith("/signin");
  return (
    <QueryClientProvider client={client}>
      <ThemeOnPage />
      <TipLayer />
      {signingIn ? children : <StreamProvider>{children}</StreamProvider>}
    </QueryClientProvider>
  );
}

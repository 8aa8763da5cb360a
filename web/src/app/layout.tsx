import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";

import { Providers } from "@/shell/providers";
import { Shell } from "@/shell/shell";
import { THEME_SCRIPT } from "@/shell/theme";
import "./globals.css";

export const metadata: Metadata = {
  title: { default: "AstroShield", template: "%s · AstroShield" },
  description: "Close approaches of everything in orbit, how likely each collision is, and how good the data behind that is.",
};

export const viewport: Viewport = {
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#ffffff" },
    { media: "(prefers-color-scheme: dark)", color: "#12161d" },
  ],
};

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" data-theme="light" suppressHydrationWarning>
      <head>
        <script dangerouslySetInnerHTML={{ __html: THEME_SCRIPT }} />
      </head>
      <body>
        <Providers>
          <Shell>{children}</Shell>
        </Providers>
      </body>
    </html>
  );
}

"use client";

/** What is around every page: where one can go, how old the data is, whether it is live. */
import { CircleHelp, Clock, LogOut, Moon, Search, Sun } from "lucide-react";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { useCallback, useState, type ReactNode } from "react";

import { useAnnouncement, useCountInTitle } from "@/alerts/arrivals";
import { countOf, useOpenAlerts } from "@/alerts/open";
import { useNow, useZone } from "@/time/clock";
import { time } from "@/time/format";
import { Button } from "@/ui/button";
import { cn } from "@/ui/cn";
import { Tip } from "@/ui/tip";
import { AlertCount } from "./alert-count";
import { Kbd, Keys } from "./keys";
import { PAGES } from "./pages";
import { Palette } from "./palette";
import { signOut, useSameSession, useSession } from "./session";
import { Data, Notices } from "./standing";
import { useTheme } from "./theme";

/** Pages that stand alone. */
const BARE = ["/signin"];

export function Shell({ children }: { children: ReactNode }) {
  const path = usePathname();
  const bare = BARE.some((one) => path.startsWith(one));
  return bare ? <main className="min-h-screen">{children}</main> : <Framed path={path}>{children}</Framed>;
}

function Framed({ path, children }: { path: string; children: ReactNode }) {
  const [palette, setPalette] = useState(false);
  const openPalette = useCallback(() => setPalette(true), []);
  useSameSession();
  const said = useAnnouncement();
  useCountInTitle(countOf(useOpenAlerts().data));
  return (
    <div className="grid h-screen grid-cols-[3rem_1fr] grid-rows-[auto_auto_1fr] xl:grid-cols-[13rem_1fr]">
      <a href="#content" className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:bg-panel focus:p-2">
        To the content
      </a>
      <Header openPalette={openPalette} />
      <Notices />
      <nav aria-label="Pages" className="row-start-3 overflow-y-auto border-r border-line bg-panel py-2">
        <ul>
          {PAGES.map(({ path: to, name, key, icon: Icon }) => {
            const here = to === "/" ? path === "/" : (path === to || path.startsWith(`${to}/`));
            return (
              <li key={to}>
                <Link
                  href={to}
                  data-tip={`${name} (g ${key})`}
                  aria-current={here ? "page" : undefined}
                  className={cn(
                    "relative mx-1.5 flex items-center gap-2.5 rounded-md px-2.5 py-1.5 hover:bg-raised",
                    here && "bg-accent-soft font-medium text-accent hover:bg-accent-soft",
                  )}
                >
                  <Icon aria-hidden className="size-4 shrink-0" />
                  <span className="sr-only xl:not-sr-only">{name}</span>
                  {to === "/alerts" && <AlertCount />}
                </Link>
              </li>
            );
          })}
        </ul>
      </nav>
      <main id="content" className="row-start-3 min-w-0 overflow-auto p-4">
        {children}
      </main>
      <p role="status" className="sr-only">
        {said}
      </p>
      <Palette open={palette} onOpenChange={setPalette} />
      <Keys openPalette={openPalette} />
    </div>
  );
}

function Header({ openPalette }: { openPalette: () => void }) {
  const { zone, setZone } = useZone();
  const { shown, setTheme } = useTheme();
  const session = useSession();
  return (
    <header className="col-span-2 flex h-11 items-center gap-3 border-b border-line bg-panel px-3">
      <Link href="/" className="flex items-center gap-2 font-semibold">
        <Mark />
        <span className="hidden sm:inline">AstroShield</span>
      </Link>
      <Data />
      <div className="ml-auto flex items-center gap-1.5">
        <Button size="small" className="min-w-44 justify-start text-quiet max-lg:min-w-0" onClick={openPalette} aria-keyshortcuts="Control+K">
          <Search />
          <span className="max-lg:sr-only">Search</span>
          <span aria-hidden className="ml-auto max-lg:hidden">
            <Kbd>Ctrl K</Kbd>
          </span>
        </Button>
        {session.data !== undefined && (
          <Tip className="max-w-32 truncate px-1 text-quiet max-lg:hidden" says={`You work in the organization ${session.data.tenant}`}>
            {session.data.tenant}
          </Tip>
        )}
        <Clocks />
        <Button
          kind="ghost"
          size="small"
          onClick={() => setZone(zone === "utc" ? "local" : "utc")}
          data-tip={zone === "utc" ? "Show times of this place" : "Show times in UTC"}
        >
          <Clock />
          {zone === "utc" ? "UTC" : "Local"}
        </Button>
        <Button
          kind="ghost"
          size="icon"
          aria-label={shown === "dark" ? "Light colors" : "Dark colors"}
          onClick={() => setTheme(shown === "dark" ? "light" : "dark")}
        >
          {shown === "dark" ? <Sun /> : <Moon />}
        </Button>
        <Button kind="ghost" size="icon" asChild>
          <Link href="/welcome" aria-label="What you see here" data-tip="What you see here">
            <CircleHelp />
          </Link>
        </Button>
        <Button
          kind="ghost"
          size="icon"
          aria-label="Sign out"
          data-tip={session.data === undefined ? "Sign out" : `Sign out ${session.data.name}`}
          onClick={() => void signOut()}
        >
          <LogOut />
        </Button>
      </div>
    </header>
  );
}

function Mark() {
  return (
    <svg aria-hidden viewBox="0 0 24 24" className="size-5 text-accent" fill="none" stroke="currentColor" strokeWidth="2">
      <circle cx="12" cy="12" r="4" fill="currentColor" stroke="none" />
      <ellipse cx="12" cy="12" rx="10.5" ry="4.5" transform="rotate(-30 12 12)" />
    </svg>
  );
}

function Clocks() {
  const now = useNow();
  const { zone } = useZone();
  return (
    <span className="px-1 text-quiet tabular-nums max-md:hidden" suppressHydrationWarning>
      {now === null ? "" : time(now, zone)}
    </span>
  );
}

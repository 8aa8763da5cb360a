"use client";

/** Where the service stands, on every page: how old the data is, what was screened, and what must be known. */
import { CircleAlert, TriangleAlert, WifiOff } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";

import { useCritical, useOpenAlerts } from "@/alerts/open";
import { api, inWords, type Schemas } from "@/api/client";
import { READ_EVERY_MS, stateOf, type Feed } from "@/feeds/order";
import { slicesDone, useStream } from "@/stream/provider";
import { heed, useZone } from "@/time/clock";
import { span, time } from "@/time/format";
import { silentSince, usePastStart } from "@/time/reference";
import { Ago } from "@/time/time";
import { Button } from "@/ui/button";
import { cn } from "@/ui/cn";
import { Tip } from "@/ui/tip";
import { count } from "@/units/format";

const READ_STATUS_EVERY_MS = 30_000;

function useStatus() {
  return api.useQuery("get", "/api/v1/status", {}, { refetchInterval: READ_STATUS_EVERY_MS });
}

/** Why it cannot be read; until it was read again, as a new attempt alone cures nothing. */
function useTrouble(status: ReturnType<typeof useStatus>): unknown {
  const [trouble, set] = useState<unknown>(null);
  const now = status.error ?? (status.data === undefined ? status.failureReason : null);
  if (now !== null && now !== trouble) set(now);
  else if (now === null && trouble !== null && status.isSuccess) set(null);
  return now ?? trouble;
}

/** That something is too old, as the service itself found. */
interface Old {
  tone: "elevated" | "high";
  word: string;
  why: string;
}

/** Of the feeds that bring the public catalog: whether they have sent nothing new for longer than their settings allow. */
export function oldByFeeds(feeds: readonly Feed[]): Old | null {
  const asked = feeds.filter((feed) => feed.kind === "element_sets" && stateOf(feed) !== "gone");
  const stale = asked.filter(({ stale }) => stale);
  if (stale.length === 0) return null;
  const all = stale.length === asked.length;
  const said = stale.map(({ name, stale_after_s: after }) => `${name} has sent nothing new for more than ${after == null ? "it may" : span(after)}`);
  return { tone: all ? "high" : "elevated", word: all ? "stale" : "in part stale", why: `${said.join("; ")}.` };
}

/** How old is too old is set in the service: it alerts of it (the platform's own organization), and says it of each feed. */
function useOld(): { data: Old | null; screened: Old | null } {
  const feeds = api.useQuery("get", "/api/v1/feeds", {}, { refetchInterval: READ_EVERY_MS });
  const alerts = useCritical(useOpenAlerts().data)?.items ?? [];
  const alerted = (kind: Schemas["SubjectBody"]["kind"]): Old | null => {
    const alert = alerts.find(({ subject }) => subject.kind === kind);
    return alert === undefined ? null : { tone: "high", word: "too old", why: `Alert: ${alert.summary}.` };
  };
  return { data: alerted("stale_catalog") ?? oldByFeeds(feeds.data?.items ?? []), screened: alerted("no_screening") };
}

const TONES = { high: "bg-high-soft text-high", elevated: "bg-elevated-soft text-elevated" };

/** An age, and where it is too great, that it is. */
function Aged({ old, tip, className, children }: { old: Old | null; tip: string; className: string; children: ReactNode }) {
  return (
    <span className={cn("inline-flex items-center gap-1", old !== null && `rounded px-1.5 py-0.5 ${TONES[old.tone]}`, className)}>
      {old !== null && <TriangleAlert aria-hidden className="size-3.5 shrink-0" />}
      <Tip says={old === null ? tip : `${tip}\n${old.why}`}>
        {children}
        {old !== null && `: ${old.word}`}
      </Tip>
    </span>
  );
}

/** How old the data is, when it was screened, how far the newest run, and whether changes come by themselves. */
export function Data() {
  const status = useStatus();
  const { data, dataUpdatedAt } = status;
  useEffect(() => {
    if (data !== undefined) heed(data.now, dataUpdatedAt);
  }, [data, dataUpdatedAt]);
  const { connection, progress } = useStream();
  const old = useOld();
  const { zone } = useZone();
  const run = data?.newest_run;
  const screened = data?.newest_screening;
  const done = run == null ? 0 : slicesDone(run, progress);
  const slices = run?.slices ?? 0;
  return (
    <div className="flex min-w-0 items-center gap-3 truncate text-xs text-quiet">
      <span
        className={cn("inline-flex items-center gap-1.5 rounded px-1.5 py-0.5", connection === "live" ? "text-good" : "bg-elevated-soft text-elevated")}
        role="status"
      >
        {connection === "live" ? <span aria-hidden className="size-2 rounded-full bg-current" /> : <WifiOff aria-hidden className="size-3.5" />}
        {{ live: "Live", connecting: "Connecting", lost: "Connection lost; trying again" }[connection]}
      </span>
      {data?.newest_epoch != null && (
        <Aged old={old.data} className="max-sm:hidden" tip={`Newest epoch of the public catalog: ${time(data.newest_epoch, zone)}`}>
          Data <Ago bare value={data.newest_epoch} />
        </Aged>
      )}
      {run?.state === "running" && slices > 0 && (
        <span className="inline-flex items-center gap-1.5 max-md:hidden">
          Screening
          <progress aria-label="Screening" value={done} max={slices} className="h-1.5 w-20 accent-(--accent)" />
          {done}/{slices}
        </span>
      )}
      {screened?.finished != null && (
        <Aged
          old={old.screened}
          className="max-md:hidden"
          tip={`${count(screened.conjunctions)} conjunctions of ${count(screened.objects)} objects, at ${time(screened.finished, zone)}`}
        >
          Screened <Ago bare value={screened.finished} />
        </Aged>
      )}
    </div>
  );
}

/** What must be known on every page. */
export function Notices() {
  const status = useStatus();
  const trouble = useTrouble(status);
  const { zone } = useZone();
  const past = usePastStart();
  const notices: string[] = [];
  if (status.data?.demo === true) notices.push("Demo catalog: a made-up population. No object and no event here is real.");
  if (past !== null) notices.push(`A catalog of the past: events are counted from ${time(past, zone)}, the start of what was screened.`);
  const run = status.data?.newest_run;
  const screened = status.data?.newest_screening;
  const silent = screened == null || status.data === undefined ? null : silentSince(status.data, screened);
  if (screened != null && silent !== null) {
    notices.push(`Nothing was screened since ${time(silent, zone)}: no event after ${time(screened.window_stop, zone)} is known.`);
  }
  if (run?.state === "failed") notices.push(`The newest screening failed: ${run.problem ?? "unknown reason"}.`);
  return (
    <div className="col-span-2">
      {trouble !== null && (
        <div role="alert" className="flex items-center justify-center gap-2 border-b border-line bg-high-soft px-4 py-1 text-high">
          <CircleAlert aria-hidden className="size-4 shrink-0" />
          <p>
            How old the data is cannot be read: {inWords(trouble)}.
            {status.data !== undefined && ` What the head of the page says is of ${time(status.dataUpdatedAt, zone)}.`}
          </p>
          <Button size="small" disabled={status.isFetching} onClick={() => void status.refetch()}>
            Try again
          </Button>
        </div>
      )}
      {notices.map((notice) => (
        <p key={notice} className="border-b border-line bg-elevated-soft px-4 py-1 text-center text-elevated">
          {notice}
        </p>
      ))}
    </div>
  );
}

"use client";

/** One object against the whole catalog, on demand. */
import { CircleAlert } from "lucide-react";
import { useSearchParams } from "next/navigation";
import { Suspense, useEffect, useRef, useState } from "react";

import { inWords } from "@/api/client";
import { May } from "@/shell/may";
import { useNow, useZone } from "@/time/clock";
import { span, time } from "@/time/format";
import { usePastStart } from "@/time/reference";
import { PageHeader } from "@/ui/panel";
import { Empty, Loading } from "@/ui/state";
import { count } from "@/units/format";
import { BEFORE, bodyOf, type Draft } from "./draft";
import { Form } from "./form";
import { Result } from "./result";
import { fieldOf, screen, type Progress, type Screening, type ScreeningBody } from "./run";

type State =
  | { at: "rest" }
  | { at: "work"; since: number; progress: Progress | null }
  | { at: "end"; result: Screening; tookMs: number; body: ScreeningBody }
  | { at: "failure"; error: unknown; body: ScreeningBody };

export function Screen() {
  return (
    <Suspense fallback={<Loading what="the form" />}>
      <Page />
    </Suspense>
  );
}

/** Fields of the form that show what is wrong with them. */
const FIELDS: readonly string[] = ["message", "catalog_number", "start", "window_days", "threshold_km"];

function Page() {
  const named = useSearchParams().get("number");
  const past = usePastStart();
  const { zone } = useZone();
  const [draft, setDraft] = useState<Draft>(() => ({
    ...BEFORE,
    object: named !== null && /^\d{1,9}$/.test(named) ? { catalog_number: Number(named) } : null,
  }));
  const [own, setOwn] = useState<ReadonlyMap<string, string>>(new Map());
  const [state, setState] = useState<State>({ at: "rest" });
  const work = useRef<AbortController>(undefined);
  useEffect(() => () => work.current?.abort(), []);

  const submit = async () => {
    const read = bodyOf(draft, zone);
    setOwn(read.problems ?? new Map());
    if (read.body === undefined) return;
    // In a catalog of the past, "now" is long after its data.
    const body = { ...read.body, ...(read.body.start == null && past !== null ? { start: new Date(past).toISOString() } : {}) };
    const controller = new AbortController();
    work.current = controller;
    const since = Date.now();
    setState({ at: "work", since, progress: null });
    try {
      const result = await screen(body, controller.signal, (progress) => setState({ at: "work", since, progress }));
      setState({ at: "end", result, tookMs: Date.now() - since, body });
    } catch (error) {
      setState(controller.signal.aborted ? { at: "rest" } : { at: "failure", error, body });
    }
  };

  const wrongField = state.at === "failure" ? fieldOf(state.error, state.body) : undefined;
  const problems = new Map(own);
  if (state.at === "failure" && wrongField !== undefined && FIELDS.includes(wrongField)) problems.set(wrongField, inWords(state.error));

  return (
    <div className="flex h-full flex-col">
      <PageHeader title="Screen on demand" note="One object, or an ephemeris of your own, against the whole catalog." />
      <div className="grid min-h-0 flex-1 gap-3 lg:grid-cols-[20rem_minmax(0,1fr)]">
        <div className="self-start rounded-lg border border-line bg-panel p-3">
          <May scope="write" otherwise={<p className="text-quiet">Your role does not let you screen.</p>}>
            <Form
              draft={draft}
              problems={problems}
              isBusy={state.at === "work"}
              begins={past === null ? "now" : `${time(past, zone)}, the start of what was screened`}
              onChange={(change) => setDraft((before) => ({ ...before, ...change }))}
              onSubmit={() => void submit()}
              onCancel={() => work.current?.abort()}
            />
          </May>
        </div>
        <div className="flex min-h-0 flex-col">
          <Outcome state={state} />
        </div>
      </div>
    </div>
  );
}

function Outcome({ state }: { state: State }) {
  switch (state.at) {
    case "rest":
      return (
        <div className="flex-1 rounded-lg border border-dashed border-line">
          <Empty title="Nothing was screened yet">
            What comes near within the window stands here: miss distance, probability and the data behind it. A screening takes seconds, and nothing
            of it is kept.
          </Empty>
        </div>
      );
    case "work":
      return <Working since={state.since} progress={state.progress} />;
    case "end":
      return <Result result={state.result} tookMs={state.tookMs} thresholdKm={state.body.threshold_km ?? 10} />;
    case "failure":
      return (
        <div role="alert" className="flex items-center gap-2 rounded-md border border-high bg-high-soft px-3 py-2 text-high">
          <CircleAlert aria-hidden className="size-4 shrink-0" />
          <p>It was not screened: {inWords(state.error)}</p>
        </div>
      );
  }
}

function Working({ since, progress }: { since: number; progress: Progress | null }) {
  const now = useNow();
  const elapsed = span(Math.max(0, ((now ?? since) - since) / 1_000));
  return (
    <div className="rounded-lg border border-line bg-panel p-4">
      <p role="status" className="sr-only">
        Screening
      </p>
      {progress === null ? (
        <progress aria-label="Screening" className="h-2 w-full accent-(--accent)" />
      ) : (
        <progress aria-label="Screening" value={progress.done} max={Math.max(1, progress.of)} className="h-2 w-full accent-(--accent)" />
      )}
      <p className="mt-1 text-quiet tabular-nums">
        {progress === null ? "Screening" : `${count(progress.done)} of ${count(progress.of)} done`}, {elapsed} so far
      </p>
    </div>
  );
}

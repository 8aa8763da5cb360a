"use client";

import { useMutation } from "@tanstack/react-query";
import { Check } from "lucide-react";
import { useRef, useState } from "react";

import { api, http, inWords, type Conjunction, type Schemas } from "@/api/client";
import { useChanged } from "@/api/changed";
import { answered } from "@/api/replace";
import { pair } from "@/conjunctions/pair";
import { DECISION_WORDS } from "@/conjunctions/words";
import { May } from "@/shell/may";
import { useOffered } from "@/shell/page-actions";
import { useSingleKeys } from "@/shell/single-keys";
import { Ago } from "@/time/time";
import { Button } from "@/ui/button";
import { Panel } from "@/ui/panel";
import { View } from "@/ui/state";
import { TipRegion } from "@/ui/tip";
import { distance, probability } from "@/units/format";
import { leading } from "@/units/words";
import { handlingOf, isLikelier, isOther, solutionAt, type Handling, type Note } from "./handling";
import { NoteForm, type Asked } from "./note-form";

export type Body = Schemas["NoteBody"];

type Solution = Schemas["HistoryRow"];

/** What the organization did about the event, and the log of it. */
export function HandlingPanel({ conjunction }: { conjunction: Conjunction }) {
  const { id } = conjunction;
  const notes = api.useQuery("get", "/api/v1/conjunctions/{id}/notes", { params: { path: { id } } });
  const history = api.useQuery("get", "/api/v1/conjunctions/{id}/history", { params: { path: { id } } });
  return (
    <Panel title="Handling" note="Seen by your organization alone">
      <View query={notes} what="notes">
        {({ items }) => {
          const handling = handlingOf(items);
          const before = (note: Note | undefined) => (note === undefined ? undefined : solutionAt(history.data?.items ?? [], note.at));
          const acknowledged = before(handling.acknowledged);
          return (
            <>
              <Standing handling={handling} />
              {handling.decided !== undefined && !history.isPending && (
                <SinceDecision conjunction={conjunction} decided={handling.decided} before={before(handling.decided)} />
              )}
              <May scope="write" otherwise={null} loading={null}>
                <Actions
                  id={id}
                  acknowledge={
                    handling.acknowledged === undefined ? "first" : acknowledged !== undefined && isLikelier(conjunction, acknowledged) ? "again" : "no"
                  }
                />
                {handling.acknowledged !== undefined && <OpenAlerts conjunction={conjunction} />}
              </May>
              <Log notes={items} />
            </>
          );
        }}
      </View>
    </Panel>
  );
}

function Standing({ handling: { acknowledged, assigned, decided } }: { handling: Handling }) {
  const facts: [string, string][] = [
    ["Acknowledged", acknowledged === undefined ? "no" : `by ${acknowledged.by}`],
    ["Assigned to", assigned?.assignee ?? "nobody"],
    ["Decision", decided?.decision == null ? "none" : DECISION_WORDS[decided.decision]],
  ];
  return (
    <dl className="mb-2 flex flex-wrap gap-x-6">
      {facts.map(([name, value]) => (
        <div key={name} className="min-w-0">
          <dt className="text-xs text-quiet">{name}</dt>
          <dd className="break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What became of the event since it was decided about, where that may change the decision. */
function SinceDecision({ conjunction: now, decided, before }: { conjunction: Conjunction; decided: Note; before: Solution | undefined }) {
  if (Date.parse(now.last_seen) <= Date.parse(decided.at)) return null;
  if (before === undefined) return <p className="mb-2 text-elevated">There is a newer solution since the decision; that of the decision is not known.</p>;
  if (!isOther(now, before)) return null;
  return (
    <p className="mb-2 text-elevated">
      Since the decision: probability from {probability(leading(before))} to {probability(leading(now))}, miss distance from{" "}
      {distance(before.miss_distance_km)} to {distance(now.miss_distance_km)}.
    </p>
  );
}

/** So many alerts are acknowledged at once; there is hardly ever more than one. */
const AT_ONCE = 200;

/** Alerts about an event that was acknowledged wait all the same, and are escalated. */
function OpenAlerts({ conjunction }: { conjunction: Conjunction }) {
  const changed = useChanged();
  const query = { object: pair(conjunction.objects)[0].catalog_number, state: "open", limit: AT_ONCE } as const;
  const alerts = api.useQuery("get", "/api/v1/alerts", { params: { query } });
  const about = alerts.data?.items.filter(({ subject }) => subject.kind === "conjunction" && subject.conjunction === conjunction.id) ?? [];
  const acknowledge = useMutation({
    mutationFn: async (ids: string[]) => {
      for (const id of ids) answered(await http.POST("/api/v1/alerts/{id}/acknowledge", { params: { path: { id } } }));
    },
    onSettled: () => changed("/api/v1/alerts"),
  });
  if (about.length === 0) return null;
  const they = about.length === 1 ? "An alert about it is still open, and may be escalated." : `${about.length} alerts about it are still open, and may be escalated.`;
  return (
    <div className="mb-2 rounded-md bg-elevated-soft px-2 py-1 text-elevated">
      <p className="flex flex-wrap items-center gap-2">
        <span className="flex-1">{they}</span>
        <Button size="small" disabled={acknowledge.isPending} onClick={() => acknowledge.mutate(about.map(({ id }) => id))}>
          <Check />
          {about.length === 1 ? "Acknowledge it, too" : `Acknowledge all ${about.length}`}
        </Button>
      </p>
      {acknowledge.error !== null && <p role="alert">Not acknowledged: {inWords(acknowledge.error)}.</p>}
    </div>
  );
}

const KINDS: readonly Asked[] = ["assigned", "decided", "note"];
const NAMES: Record<Asked, string> = { assigned: "Assign", decided: "Decide", note: "Note" };
const KEYS: Record<Asked, string> = { assigned: "s", decided: "d", note: "n" };
const ACKNOWLEDGE = { first: "Acknowledge", again: "Acknowledge again" } as const;

/** `again`: after it was acknowledged, the event became so much likelier that this is another one. */
function Actions({ id, acknowledge }: { id: string; acknowledge: "first" | "again" | "no" }) {
  const changed = useChanged();
  const [asked, ask] = useState<Asked | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const noted = api.useMutation("post", "/api/v1/conjunctions/{id}/notes");
  const close = () => {
    // Who goes on by keys goes on from where they were.
    if (asked !== null) box.current?.querySelector<HTMLElement>(`[data-kind=${asked}]`)?.focus();
    ask(null);
  };
  const open = (kind: Asked) => {
    noted.reset();
    ask(kind);
  };
  const note = (body: Body) =>
    noted.mutate(
      { params: { path: { id } }, body },
      {
        onSuccess: () => {
          // The button that has the focus goes.
          if (document.activeElement === button.current) box.current?.querySelector<HTMLElement>("[data-kind]")?.focus();
          close();
          void changed("/api/v1/conjunctions");
        },
      },
    );
  // An entry stays: a key that is struck by mistake, or too late after g, makes none.
  const goToAcknowledge = () => {
    box.current?.scrollIntoView({ block: "nearest" });
    button.current?.focus();
  };
  const { areOn } = useSingleKeys();
  const byKey = (key: string, then = "") => (areOn ? { "aria-keyshortcuts": key, "data-tip": `Key: ${key}${then}` } : {});
  useOffered([
    ...(acknowledge === "no" || noted.isPending ? [] : [{ key: "a", name: `Go to ${ACKNOWLEDGE[acknowledge]}`, run: goToAcknowledge }]),
    ...KINDS.map((kind) => ({ key: KEYS[kind], name: NAMES[kind], run: () => open(kind) })),
  ]);
  return (
    <div ref={box} className="mb-2">
      <div className="flex flex-wrap gap-1.5">
        {acknowledge !== "no" && (
          <Button
            ref={button}
            size="small"
            kind="primary"
            // With `disabled`, it would lose the focus.
            aria-disabled={noted.isPending}
            {...byKey("a", ", then Enter")}
            onClick={() => {
              if (!noted.isPending) note({ kind: "acknowledged" });
            }}
          >
            <Check />
            {ACKNOWLEDGE[acknowledge]}
          </Button>
        )}
        {KINDS.map((kind) => (
          <Button
            key={kind}
            size="small"
            data-kind={kind}
            {...byKey(KEYS[kind])}
            aria-expanded={asked === kind}
            onClick={() => (asked === kind ? close() : open(kind))}
          >
            {NAMES[kind]}
          </Button>
        ))}
      </div>
      {asked !== null && <NoteForm key={asked} asked={asked} isBusy={noted.isPending} onNote={note} onCancel={close} />}
      {noted.error !== null && (
        <p role="alert" className="mt-2 rounded-md bg-high-soft px-2 py-1 text-high">
          Not noted: {inWords(noted.error)}.
        </p>
      )}
    </div>
  );
}

function didInWords(note: Note): string {
  switch (note.kind) {
    case "acknowledged":
      return "acknowledged";
    case "assigned":
      return note.assignee == null ? "assigned it to nobody" : `assigned it to ${note.assignee}`;
    case "decided":
      return `decided: ${note.decision == null ? "nothing" : DECISION_WORDS[note.decision].toLowerCase()}`;
    case "note":
      return "noted";
  }
}

/** The newest first; nobody edits it. */
function Log({ notes }: { notes: readonly Note[] }) {
  if (notes.length === 0) return <p className="text-xs text-quiet">Nothing was noted so far.</p>;
  return (
    <TipRegion label="Log of notes, the newest first" className="max-h-40 overflow-auto text-xs">
      <ol className="space-y-1">
        {[...notes].reverse().map((note) => (
          <li key={note.id}>
            <span className="text-quiet">
              <Ago value={note.at} />, {note.by} {didInWords(note)}
            </span>
            {note.text != null && <p className="break-words whitespace-pre-wrap">{note.text}</p>}
          </li>
        ))}
      </ol>
    </TipRegion>
  );
}

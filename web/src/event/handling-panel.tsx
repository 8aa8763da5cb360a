"use client";

import { Check } from "lucide-react";
import { useState } from "react";

import { api, inWords, type Conjunction, type Schemas } from "@/api/client";
import { useChanged } from "@/api/changed";
import { DECISION_WORDS } from "@/conjunctions/words";
import { May } from "@/shell/may";
import { Ago } from "@/time/time";
import { Button } from "@/ui/button";
import { Panel } from "@/ui/panel";
import { View } from "@/ui/state";
import { handlingOf, type Note } from "./handling";
import { NoteForm, type Asked } from "./note-form";

export type Body = Schemas["NoteBody"];

/** What the organization did about the event, and the log of it. */
export function HandlingPanel({ conjunction: { id, last_seen: solved } }: { conjunction: Conjunction }) {
  const notes = api.useQuery("get", "/api/v1/conjunctions/{id}/notes", { params: { path: { id } } });
  return (
    <Panel title="Handling" note="Seen by your organization alone">
      <View query={notes} what="notes">
        {({ items }) => (
          <>
            <Standing notes={items} solved={solved} />
            <May scope="write" otherwise={null} loading={null}>
              <Actions id={id} isAcknowledged={handlingOf(items).acknowledged !== undefined} />
            </May>
            <Log notes={items} />
          </>
        )}
      </View>
    </Panel>
  );
}

function Standing({ notes, solved }: { notes: readonly Note[]; solved: string }) {
  const { acknowledged, assigned, decided } = handlingOf(notes);
  const facts: [string, string][] = [
    ["Acknowledged", acknowledged === undefined ? "no" : `by ${acknowledged.by}`],
    ["Assigned to", assigned?.assignee ?? "nobody"],
    ["Decision", decided?.decision == null ? "none" : DECISION_WORDS[decided.decision]],
  ];
  const isOld = decided !== undefined && Date.parse(solved) > Date.parse(decided.at);
  return (
    <>
      <dl className="mb-2 flex flex-wrap gap-x-6">
        {facts.map(([name, value]) => (
          <div key={name} className="min-w-0">
            <dt className="text-xs text-quiet">{name}</dt>
            <dd className="break-words">{value}</dd>
          </div>
        ))}
      </dl>
      {isOld && <p className="mb-2 text-elevated">There is a newer solution since the decision.</p>}
    </>
  );
}

function Actions({ id, isAcknowledged }: { id: string; isAcknowledged: boolean }) {
  const changed = useChanged();
  const [asked, ask] = useState<Asked | null>(null);
  const noted = api.useMutation("post", "/api/v1/conjunctions/{id}/notes");
  const note = (body: Body) =>
    noted.mutate(
      { params: { path: { id } }, body },
      {
        onSuccess: () => {
          ask(null);
          void changed("/api/v1/conjunctions/{id}/notes", "/api/v1/conjunctions/handled");
        },
      },
    );
  return (
    <div className="mb-2">
      <div className="flex flex-wrap gap-1.5">
        {!isAcknowledged && (
          <Button size="small" kind="primary" disabled={noted.isPending} onClick={() => note({ kind: "acknowledged" })}>
            <Check />
            Acknowledge
          </Button>
        )}
        {(["assigned", "decided", "note"] as const).map((kind) => (
          <Button
            key={kind}
            size="small"
            aria-expanded={asked === kind}
            onClick={() => {
              noted.reset();
              ask(asked === kind ? null : kind);
            }}
          >
            {{ assigned: "Assign", decided: "Decide", note: "Note" }[kind]}
          </Button>
        ))}
      </div>
      {asked !== null && <NoteForm key={asked} asked={asked} isBusy={noted.isPending} onNote={note} onCancel={() => ask(null)} />}
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
    <ol tabIndex={0} role="region" aria-label="Log of notes, the newest first" className="max-h-40 space-y-1 overflow-auto text-xs">
      {[...notes].reverse().map((note) => (
        <li key={note.id}>
          <span className="text-quiet">
            <Ago value={note.at} />, {note.by} {didInWords(note)}
          </span>
          {note.text != null && <p className="break-words whitespace-pre-wrap">{note.text}</p>}
        </li>
      ))}
    </ol>
  );
}

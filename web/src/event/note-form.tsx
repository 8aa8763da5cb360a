"use client";

import { useId, useState } from "react";

import { api, type Schemas } from "@/api/client";
import { oneOf } from "@/conjunctions/filters";
import { DECISION_WORDS, type Decision } from "@/conjunctions/words";
import { useMay } from "@/shell/session";
import { Button } from "@/ui/button";
import { Field, Input, Select, TextArea } from "@/ui/field";

/** What needs more than a click. */
export type Asked = "note" | "assigned" | "decided";

const DECISIONS: readonly Decision[] = ["no_action", "monitor", "maneuver"];
const LONGEST_TEXT = 4_000;
const LONGEST_NAME = 100;

interface NoteFormProps {
  asked: Asked;
  isBusy: boolean;
  onNote: (body: Schemas["NoteBody"]) => void;
  onCancel: () => void;
}

export function NoteForm({ asked, isBusy, onNote, onCancel }: NoteFormProps) {
  const [text, setText] = useState("");
  const [assignee, setAssignee] = useState("");
  const [decision, setDecision] = useState<Decision>("monitor");
  const said = text.trim() === "" ? {} : { text: text.trim() };
  const send = () => {
    if (asked === "assigned") onNote({ kind: "assigned", assignee: assignee.trim() || null, ...said });
    else if (asked === "decided") onNote({ kind: "decided", decision, ...said });
    else if (said.text !== undefined) onNote({ kind: "note", text: said.text });
  };
  return (
    <form
      aria-label={{ assigned: "Assign", decided: "Decide", note: "Note" }[asked]}
      className="mt-2 flex flex-col gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onKeyDown={({ key }) => {
        if (key === "Escape" && text === "" && assignee === "") onCancel();
      }}
    >
      {asked === "assigned" && <Assignee value={assignee} onChange={setAssignee} />}
      {asked === "decided" && (
        <Field label="Decision">
          {(props) => (
            <Select {...props} autoFocus value={decision} onChange={({ target }) => setDecision(oneOf(DECISIONS, target.value) ?? "monitor")}>
              {DECISIONS.map((one) => (
                <option key={one} value={one}>
                  {DECISION_WORDS[one]}
                </option>
              ))}
            </Select>
          )}
        </Field>
      )}
      <Field label={asked === "note" ? "Note" : "Why (may be empty)"}>
        {(props) => (
          <TextArea {...props} className="min-h-14" maxLength={LONGEST_TEXT} value={text} autoFocus={asked === "note"} onChange={({ target }) => setText(target.value)} />
        )}
      </Field>
      <div className="flex gap-2">
        <Button kind="primary" size="small" type="submit" disabled={isBusy || (asked === "note" && said.text === undefined)}>
          Record
        </Button>
        <Button size="small" onClick={onCancel}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

/** Somebody of the organization, or any other name. */
function Assignee({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const list = useId();
  const { known, hint } = useKnown();
  return (
    <Field label="Assign to" hint={hint}>
      {(props) => (
        <>
          <Input {...props} autoFocus list={list} maxLength={LONGEST_NAME} value={value} onChange={({ target }) => onChange(target.value)} />
          <datalist id={list}>
            {known.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

/** What members are called: administrators see the addresses of those without a name, too, the others names alone. */
function useKnown(): { known: string[]; hint: string } {
  const seesAll = useMay("admin");
  const members = api.useQuery("get", "/api/v1/members", {}, { retry: false, enabled: seesAll === true });
  const names = api.useQuery("get", "/api/v1/members/names", {}, { retry: false, enabled: seesAll === false });
  if (seesAll === true) {
    const called = members.data?.items.filter(({ invited }) => !invited).map(({ name, email }) => name ?? email) ?? [];
    return { known: [...new Set(called.filter((one) => one != null))].sort(), hint: "Empty: to nobody" };
  }
  const known = names.data?.items.map(({ name }) => name) ?? [];
  return { known, hint: "Empty: to nobody. Members without a name are not listed: type what they are called." };
}

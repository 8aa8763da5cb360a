"use client";

/** Makes or changes an alert rule. */
import { useMemo, useState } from "react";

import { useChanged } from "@/api/changed";
import { api, http, type Schemas } from "@/api/client";
import { answered, Outdated, useReplace } from "@/api/replace";
import { errorBeside, fieldError } from "@/ui/field-errors";
import { Checkbox, Field, Input, Select } from "@/ui/field";
import { FormDialog } from "@/ui/form-dialog";
import { Channels } from "./channels";
import { bodyOf, draftOf, SEVERITIES, type Draft, type NumberField, type Severity } from "./draft";
import { useNames } from "./names";
import { condition, telling } from "./sentence";

type Rule = Schemas["RuleRow"];

interface EditorProps {
  /** The rule that is changed; null makes one. */
  rule: Rule | null;
  /** The list that a new rule is about. */
  watchList?: string | undefined;
  onClose: () => void;
}

export function Editor({ rule, watchList, onClose }: EditorProps) {
  const before = useMemo(() => ({ ...draftOf(rule), ...(watchList === undefined ? {} : { watch_list: watchList }) }), [rule, watchList]);
  const [draft, setDraft] = useState<Draft>(before);
  const [asked, setAsked] = useState(false);
  const names = useNames();
  const lists = api.useQuery("get", "/api/v1/watch-lists", {});
  const changed = useChanged();
  const onSuccess = async () => {
    await changed("/api/v1/rules", "/api/v1/alerts");
    onClose();
  };
  const make = api.useMutation("post", "/api/v1/rules", { onSuccess });
  const params = { path: { id: rule?.id ?? "" } };
  const replace = useReplace({
    opened: rule?.updated,
    read: async () => answered(await http.GET("/api/v1/rules/{id}", { params })),
    write: async (body: Schemas["RuleBody"]) => answered(await http.PUT("/api/v1/rules/{id}", { params, body })),
    onSuccess,
  });
  const failed = make.error ?? replace.error;

  const { body, problems: own } = bodyOf(draft);
  const isWrong = own.size > 0;
  const found = fieldError(failed);
  const problems = new Map([...(found === undefined ? [] : [[found.field, found.said] as const]), ...(asked ? own : [])]);
  const set = (change: Partial<Draft>) => setDraft((draft) => ({ ...draft, ...change }));
  const number = (field: NumberField, label: string, hint: string) => (
    <Field label={label} hint={hint} error={problems.get(field)}>
      {(props) => <Input {...props} inputMode="decimal" value={draft[field]} onChange={(event) => set({ [field]: event.target.value })} />}
    </Field>
  );

  const submit = () => {
    setAsked(true);
    if (isWrong) return;
    if (rule === null) make.mutate({ body });
    else replace.mutate(body);
  };

  return (
    <FormDialog
      wide
      title={rule === null ? "New alert rule" : `Edit ${rule.name}`}
      submit={rule === null ? "Make the rule" : failed instanceof Outdated ? "Replace" : "Save"}
      isChanged={JSON.stringify(draft) !== JSON.stringify(before)}
      isBusy={make.isPending || replace.isPending}
      error={asked && isWrong ? "Something is not right yet: it is said at its field." : errorBeside(failed, [...problems.keys()])}
      onSubmit={submit}
      onClose={onClose}
    >
      <div className="grid gap-3 sm:grid-cols-2 lg:grid-cols-4">
        <Field label="Name" hint="1 to 100 characters" error={problems.get("name")} className="sm:col-span-2">
          {(props) => <Input autoFocus {...props} maxLength={100} value={draft.name} onChange={(event) => set({ name: event.target.value })} />}
        </Field>
        <Field label="About" error={problems.get("watch_list")}>
          {(props) => (
            <Select {...props} value={draft.watch_list} onChange={(event) => set({ watch_list: event.target.value })}>
              <option value="">All objects</option>
              {lists.data?.items.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="Severity" error={problems.get("severity")}>
          {(props) => (
            <Select {...props} value={draft.severity} onChange={(event) => set({ severity: severityFrom(event.target.value) })}>
              {Object.entries(SEVERITIES).map(([value, words]) => (
                <option key={value} value={value}>
                  {words}
                </option>
              ))}
            </Select>
          )}
        </Field>
        {number("min_probability", "Probability at least", "0 to 1, as 1e-5; empty: any")}
        {number("max_miss_distance_km", "Miss distance at most (km)", "0 to 1,000 km; empty: any")}
        {number("within_hours", "TCA within (h)", "0 to 8,784 h ahead; empty: any time")}
        {number("escalate_after_minutes", "Escalate after (min)", "1 to 10,080 min without an acknowledgment; empty: never")}
      </div>
      <div className="flex flex-wrap gap-4">
        <Checkbox label="In force" checked={draft.enabled} onChange={(event) => set({ enabled: event.target.checked })} />
        <Checkbox
          label="Also of pairs that fly together (docked, in formation)"
          checked={draft.relations}
          onChange={(event) => set({ relations: event.target.checked })}
        />
      </div>
      <div className="grid gap-3 sm:grid-cols-2">
        <Channels legend="Tell" field="channels" channels={draft.channels} names={names} problems={problems} onChange={(channels) => set({ channels })} />
        <Channels
          legend="If nobody acknowledges, tell"
          field="escalation_channels"
          channels={draft.escalation_channels}
          names={names}
          problems={problems}
          onChange={(channels) => set({ escalation_channels: channels })}
        />
      </div>
      <p className="rounded-md bg-accent-soft px-3 py-2" role="status">
        {isWrong && asked ? "What this rule does is said when its fields are right." : `${condition(body, names)} ${telling(body, names)}`}
        {draft.watch_list !== "" && " Satellites with thresholds of their own on the list are judged by those."}
      </p>
    </FormDialog>
  );
}

function severityFrom(text: string): Severity {
  return text === "info" || text === "critical" ? text : "warning";
}

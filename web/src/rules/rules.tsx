"use client";

/** The alert rules: what each does, in words. */
import { useMutation } from "@tanstack/react-query";
import { Pencil, Plus, Trash2, TriangleAlert } from "lucide-react";
import { useSearchParams } from "next/navigation";
import { Suspense, useState } from "react";

import { useChanged } from "@/api/changed";
import { api, http, inWords, type Schemas } from "@/api/client";
import { answered } from "@/api/replace";
import { useMay } from "@/shell/session";
import { Time } from "@/time/time";
import { Badge, SeverityBadge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { cn } from "@/ui/cn";
import { Confirm } from "@/ui/confirm";
import { ExportCsv, type CsvColumns } from "@/ui/export-csv";
import { Checkbox } from "@/ui/field";
import { PageHeader } from "@/ui/panel";
import { Empty, Loading, View } from "@/ui/state";
import { bodyOfRule } from "./draft";
import { Editor } from "./editor";
import { useNames } from "./names";
import { condition, telling, type Names } from "./sentence";

type Rule = Schemas["RuleRow"];

function csvColumns(names: Names): CsvColumns<Rule> {
  const told = (channels: Rule["channels"]) => channels.map((to) => (to.kind === "email" ? to.address : `webhook ${names.webhook(to.webhook)}`)).join("; ");
  return {
    id: ({ id }) => id,
    name: ({ name }) => name,
    enabled: ({ enabled }) => enabled,
    severity: ({ severity }) => severity,
    watch_list: ({ watch_list: list }) => list && names.watchList(list),
    min_probability: ({ min_probability: probability }) => probability,
    max_miss_distance_km: ({ max_miss_distance_km: km }) => km,
    within_hours: ({ within_hours: hours }) => hours,
    relations: ({ relations }) => relations,
    tells: ({ channels }) => told(channels),
    escalate_after_minutes: ({ escalate_after_minutes: minutes }) => minutes,
    then_tells: ({ escalation_channels: channels }) => told(channels),
    updated_utc: ({ updated }) => updated,
  };
}

export function Rules() {
  return (
    <Suspense fallback={<Loading what="alert rules" />}>
      <Page />
    </Suspense>
  );
}

function Page() {
  const search = useSearchParams();
  const may = useMay("write");
  const names = useNames();
  const rules = api.useQuery("get", "/api/v1/rules", {});
  const [editing, setEditing] = useState<Rule | null>(null);
  const isNew = search.has("new") && may === true;
  const shown = search.get("id");
  const go = (query: string) => window.history.replaceState(null, "", `/rules/${query}`);
  const close = () => {
    setEditing(null);
    if (isNew) go("");
  };

  return (
    <>
      <PageHeader
        title="Alert rules"
        note="When to warn, of what, and whom to tell. A rule is held against each event when a screening ends."
        actions={
          <>
            <ExportCsv name="alert rules" rows={rules.data?.items} columns={csvColumns(names)} />
            {may && (
              <Button kind="primary" onClick={() => go("?new")}>
                <Plus />
                New rule
              </Button>
            )}
          </>
        }
      />
      <View
        query={rules}
        what="alert rules"
        isEmpty={({ items }) => items.length === 0}
        empty={
          <Empty title="No alert rule yet">
            Without one, no event raises an alert. Feeds that fail and screenings that stay away are told of all the same.
            {may && " A good first one: warn of a probability of at least 1e-5 within 72 h, about a watch list of your satellites."}
          </Empty>
        }
      >
        {({ items }) => (
          <ul className="flex flex-col gap-2">
            {items.map((rule) => (
              <RuleItem key={rule.id} rule={rule} isShown={rule.id === shown} onEdit={() => setEditing(rule)} />
            ))}
          </ul>
        )}
      </View>
      {(editing !== null || isNew) && <Editor key={editing?.id ?? "new"} rule={editing} watchList={search.get("watch_list") ?? undefined} onClose={close} />}
    </>
  );
}

function RuleItem({ rule, isShown, onEdit }: { rule: Rule; isShown: boolean; onEdit: () => void }) {
  const names = useNames();
  const may = useMay("write");
  const changed = useChanged();
  const [removing, setRemoving] = useState(false);
  const enable = useMutation({
    mutationFn: async (enabled: boolean) => {
      const params = { path: { id: rule.id } };
      // The whole rule is sent: as it is now, with what others changed since this page read it.
      const newest = answered(await http.GET("/api/v1/rules/{id}", { params }));
      return answered(await http.PUT("/api/v1/rules/{id}", { params, body: { ...bodyOfRule(newest), enabled } }));
    },
    onSuccess: () => changed("/api/v1/rules"),
  });
  const remove = api.useMutation("delete", "/api/v1/rules/{id}", { onSuccess: () => changed("/api/v1/rules", "/api/v1/alerts") });

  return (
    <li
      aria-label={rule.name}
      className={cn("flex flex-wrap items-start gap-x-4 gap-y-1 rounded-lg border bg-panel px-3 py-2", isShown ? "border-accent" : "border-line")}
    >
      <div className="flex min-w-0 flex-1 basis-96 flex-col gap-0.5">
        <div className="flex flex-wrap items-center gap-2">
          <h2 className="font-semibold">{rule.name}</h2>
          <SeverityBadge severity={rule.severity} />
          {!rule.enabled && <Badge>not in force</Badge>}
        </div>
        <p className={rule.enabled ? undefined : "text-quiet"}>
          {condition(rule, names)} {telling(rule, names)}
        </p>
        {rule.notices.map((notice) => (
          <p key={notice} className="flex items-center gap-1.5 text-elevated">
            <TriangleAlert aria-hidden className="size-4 shrink-0" />
            {notice}
          </p>
        ))}
        {enable.error !== null && (
          <p role="alert" className="text-high">
            {inWords(enable.error)}
          </p>
        )}
        <p className="text-xs text-quiet">
          Changed <Time value={rule.updated} />
        </p>
      </div>
      {may && (
        <div className="flex items-center gap-2">
          <Checkbox
            label="In force"
            aria-label={`${rule.name} in force`}
            checked={enable.isPending ? enable.variables : rule.enabled}
            disabled={enable.isPending}
            onChange={(event) => enable.mutate(event.target.checked)}
          />
          <Button size="small" onClick={onEdit} aria-label={`Edit ${rule.name}`}>
            <Pencil />
            Edit
          </Button>
          <Button size="small" kind="danger" onClick={() => setRemoving(true)} aria-label={`Remove ${rule.name}`}>
            <Trash2 />
            Remove
          </Button>
        </div>
      )}
      {removing && (
        <Confirm
          title={`Remove ${rule.name}?`}
          description="Alerts that it raised stay in the list; no more come."
          action="Remove the rule"
          isBusy={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate({ params: { path: { id: rule.id } } })}
          onClose={() => setRemoving(false)}
        />
      )}
    </li>
  );
}

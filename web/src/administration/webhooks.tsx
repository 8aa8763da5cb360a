"use client";

/** Where alerts are sent to. */
import { useState } from "react";

import { api, http, type Schemas } from "@/api/client";
import { May } from "@/shell/may";
import { useMay } from "@/shell/session";
import { useNow } from "@/time/clock";
import { Time } from "@/time/time";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ExportCsv, type CsvColumns } from "@/ui/export-csv";
import { Panel } from "@/ui/panel";
import { Empty, View } from "@/ui/state";
import { useAct } from "./act";
import { AdminTable } from "./admin-table";
import { changeWebhook } from "./change-webhook";
import { Confirm, Secret, Wrong } from "./parts";
import { RotateWebhook } from "./rotate-webhook";
import { WebhookForm } from "./webhook-form";

export type Webhook = Schemas["WebhookRow"];

export const WEBHOOKS = "/api/v1/webhooks";

const CSV: CsvColumns<Webhook> = {
  id: ({ id }) => id,
  name: ({ name }) => name,
  url: ({ url }) => url,
  enabled: ({ enabled }) => enabled,
  created_utc: ({ created }) => created,
  secret_before_until_utc: ({ retired_until: until }) => until,
};

type Asked = { to: "change" | "rotate" | "remove"; webhook: Webhook };

export function Webhooks() {
  const may = useMay("write");
  const webhooks = api.useQuery("get", WEBHOOKS);
  const [asked, ask] = useState<Asked | null>(null);
  const [secret, show] = useState<string | null>(null);
  const { busy, problem, clear, act } = useAct(WEBHOOKS);
  const close = () => {
    clear();
    ask(null);
  };
  const enable = ({ id }: Webhook, enabled: boolean) => act(() => changeWebhook(id, ({ name, url }) => ({ name, url, enabled })));
  const remove = async (id: string) => {
    const done = await act(() => http.DELETE("/api/v1/webhooks/{id}", { params: { path: { id } } }));
    if (done !== undefined) close();
  };
  return (
    <Panel
      title="Webhooks"
      note="Where alert rules may send messages. Each message is signed with the webhook's secret (Standard Webhooks)."
      actions={<ExportCsv name="webhooks" rows={webhooks.data?.items} columns={CSV} />}
    >
      <May scope="write" otherwise={<p className="mb-3 text-quiet">Making and changing them needs the scope write.</p>}>
        <WebhookForm onDone={(made) => show(made.secret ?? null)} />
      </May>
      {asked === null && <Wrong problem={problem} />}
      <View
        query={webhooks}
        what="webhooks"
        isEmpty={({ items }) => items.length === 0}
        empty={<Empty title="No webhooks">Make one, and name it in an alert rule.</Empty>}
      >
        {({ items }) => (
          <AdminTable
            label="Webhooks"
            rows={items}
            rowId={({ id }) => id}
            columns={[
              { name: "Name", className: "font-medium", of: ({ name }) => name },
              { name: "Address", className: "max-w-96 break-all", of: ({ url }) => url },
              { name: "State", of: ({ enabled }) => (enabled ? <Badge tone="good">in use</Badge> : <Badge>off</Badge>) },
              { name: "Made", of: ({ created }) => <Time value={created} /> },
              { name: "Secret", of: ({ retired_until: until }) => <Retired until={until} /> },
            ]}
            actions={(webhook) =>
              may && (
                <>
                  <Button size="small" disabled={busy} aria-label={`Turn ${webhook.enabled ? "off" : "on"} ${webhook.name}`} onClick={() => void enable(webhook, !webhook.enabled)}>
                    Turn {webhook.enabled ? "off" : "on"}
                  </Button>
                  <Button size="small" aria-label={`Change ${webhook.name}`} onClick={() => ask({ to: "change", webhook })}>
                    Change
                  </Button>
                  <Button size="small" aria-label={`New secret for ${webhook.name}`} onClick={() => ask({ to: "rotate", webhook })}>
                    New secret
                  </Button>
                  <Button size="small" aria-label={`Remove ${webhook.name}`} onClick={() => ask({ to: "remove", webhook })}>
                    Remove
                  </Button>
                </>
              )
            }
          />
        )}
      </View>
      {asked?.to === "change" && <WebhookForm key={asked.webhook.id} webhook={asked.webhook} onDone={close} onCancel={close} />}
      {asked?.to === "rotate" && (
        <RotateWebhook
          webhook={asked.webhook}
          onCancel={close}
          onDone={(rotated) => {
            close();
            show(rotated.secret ?? null);
          }}
        />
      )}
      <Confirm
        question={asked?.to === "remove" ? `Remove the webhook ${asked.webhook.name}?` : null}
        means="Nothing is sent there any more. It is refused while a rule names the webhook."
        verb="Remove"
        busy={busy}
        problem={problem}
        onCancel={close}
        onConfirm={() => asked !== null && void remove(asked.webhook.id)}
      />
      <Secret
        title="The secret of the webhook"
        secret={secret}
        means="The receiver checks the header webhook-signature with it, and so knows that a message is ours."
        onClose={() => show(null)}
      />
    </Panel>
  );
}

function Retired({ until }: { until: string | null | undefined }) {
  const now = useNow();
  if (until == null || now === null || Date.parse(until) <= now) return "one";
  return (
    <>
      also the one before, until <Time value={until} />
    </>
  );
}

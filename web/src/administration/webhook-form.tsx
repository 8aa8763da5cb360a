"use client";

import { useState, type FormEvent } from "react";

import { http, type Schemas } from "@/api/client";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { useAct } from "./act";
import { changeWebhook } from "./change-webhook";
import { Wrong } from "./parts";

type Webhook = Schemas["WebhookRow"];

interface WebhookFormProps {
  /** The one to change, in a dialog; without it, another one is made. */
  webhook?: Webhook;
  onDone: (webhook: Webhook) => void;
  onCancel?: () => void;
}

export function WebhookForm({ webhook, onDone, onCancel }: WebhookFormProps) {
  const [name, setName] = useState(webhook?.name ?? "");
  const [url, setUrl] = useState(webhook?.url ?? "");
  const { busy, problem, act } = useAct("/api/v1/webhooks");
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const written = { name: name.trim(), url: url.trim() };
    const done = await act(() =>
      webhook === undefined
        ? http.POST("/api/v1/webhooks", { body: { ...written, enabled: true } })
        : // What was left as it was opened stays as it is now.
          changeWebhook(webhook.id, (now) => ({
            name: written.name === webhook.name ? now.name : written.name,
            url: written.url === webhook.url ? now.url : written.url,
            enabled: now.enabled,
          })),
    );
    if (done?.data === undefined) return;
    if (webhook === undefined) {
      setName("");
      setUrl("");
    }
    onDone(done.data);
  };
  const form = (
    <form onSubmit={(event) => void submit(event)} aria-label={webhook === undefined ? "Make a webhook" : "Change the webhook"}>
      <div className="mb-3 flex flex-wrap items-end gap-2">
        <Field label="Name" className="min-w-40 flex-1">
          {(props) => <Input {...props} required maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Field label="Address (https:)" className="min-w-60 flex-2">
          {(props) => <Input {...props} type="url" required maxLength={2_000} value={url} onChange={(event) => setUrl(event.target.value)} />}
        </Field>
        <Button kind="primary" type="submit" disabled={busy || name.trim() === "" || url.trim() === ""}>
          {webhook === undefined ? "Make a webhook" : "Change"}
        </Button>
      </div>
      <Wrong problem={problem} />
    </form>
  );
  if (webhook === undefined) return form;
  return (
    <Dialog open onOpenChange={(open) => !open && onCancel?.()} title={`Change the webhook ${webhook.name}`} description="Its secret stays.">
      {form}
    </Dialog>
  );
}

"use client";

import { useState, type FormEvent } from "react";

import { http, type Schemas } from "@/api/client";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { useAct } from "./act";
import { Wrong } from "./parts";

type Webhook = Schemas["WebhookRow"];

/** Longest overlap, as the service takes it: 30 days. */
const MOST_HOURS = 720;

export function RotateWebhook({ webhook, onDone, onCancel }: { webhook: Webhook; onDone: (webhook: Webhook) => void; onCancel: () => void }) {
  const [hours, setHours] = useState("24");
  const { busy, problem, act } = useAct("/api/v1/webhooks");
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const params = { path: { id: webhook.id } };
    const done = await act(() => http.POST("/api/v1/webhooks/{id}/secret", { params, body: { overlap_hours: Number(hours) } }));
    if (done?.data !== undefined) onDone(done.data);
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onCancel()}
      title={`New secret for ${webhook.name}`}
      description="Until the overlap is over, each message is signed with both secrets, so that the receiver can change at any time in it. 0 hours: the old one ends at once."
    >
      <form onSubmit={(event) => void submit(event)} className="flex items-end gap-2">
        <Field label="Overlap, in hours" className="flex-1">
          {(props) => (
            <Input {...props} type="number" min={0} max={MOST_HOURS} step={1} required value={hours} onChange={(event) => setHours(event.target.value)} />
          )}
        </Field>
        <Button kind="primary" type="submit" disabled={busy}>
          Make a new secret
        </Button>
      </form>
      <Wrong problem={problem} />
    </Dialog>
  );
}

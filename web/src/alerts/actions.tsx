"use client";

/** What can be done about an alert: acknowledge it, mute it for a time, resolve it. */
import { BellOff, Check, CheckCheck } from "lucide-react";
import { useState } from "react";

import { useChanged } from "@/api/changed";
import { api, inWords, type Alert } from "@/api/client";
import { May } from "@/shell/may";
import { useZone } from "@/time/clock";
import { fieldOf, msOf, zoneInWords } from "@/time/field";
import { Button } from "@/ui/button";
import { errorAt, errorBeside } from "@/ui/field-errors";
import { Field, Input } from "@/ui/field";
import { FormDialog } from "@/ui/form-dialog";

export function Actions({ alert }: { alert: Alert }) {
  return (
    <May scope="write" otherwise={<p className="text-quiet">Your role does not let you answer alerts.</p>}>
      <Answers alert={alert} />
    </May>
  );
}

function Answers({ alert }: { alert: Alert }) {
  const changed = useChanged();
  const [muting, setMuting] = useState(false);
  const onSuccess = () => changed("/api/v1/alerts");
  const acknowledge = api.useMutation("post", "/api/v1/alerts/{id}/acknowledge", { onSuccess });
  const resolve = api.useMutation("post", "/api/v1/alerts/{id}/resolve", { onSuccess });
  const params = { path: { id: alert.id } };
  const failed = acknowledge.error ?? resolve.error;
  const isBusy = acknowledge.isPending || resolve.isPending;

  if (alert.state === "resolved") return null;
  return (
    <div className="flex flex-wrap items-center gap-2">
      {alert.state !== "acknowledged" && (
        <Button kind="primary" disabled={isBusy} onClick={() => acknowledge.mutate({ params })}>
          <Check />
          Acknowledge
        </Button>
      )}
      <Button disabled={isBusy} onClick={() => setMuting(true)}>
        <BellOff />
        {alert.state === "muted" ? "Mute until another time" : "Mute"}
      </Button>
      <Button disabled={isBusy} onClick={() => resolve.mutate({ params })}>
        <CheckCheck />
        Resolve
      </Button>
      {failed !== null && (
        <p role="alert" className="basis-full text-high">
          {inWords(failed)}
        </p>
      )}
      {muting && <Mute alert={alert} onClose={() => setMuting(false)} />}
    </div>
  );
}

const HOUR_MS = 3_600_000;
const PRESETS = [1, 8, 24, 72] as const;

function Mute({ alert, onClose }: { alert: Alert; onClose: () => void }) {
  const { zone } = useZone();
  const changed = useChanged();
  const [before] = useState(() => fieldOf(Date.now() + 8 * HOUR_MS, zone));
  const [until, setUntil] = useState(before);
  const [wrong, setWrong] = useState<string>();
  const mute = api.useMutation("post", "/api/v1/alerts/{id}/mute", {
    onSuccess: async () => {
      await changed("/api/v1/alerts");
      onClose();
    },
  });
  const submit = () => {
    const ms = msOf(until, zone);
    if (Number.isNaN(ms) || ms <= Date.now()) {
      setWrong("A time that is to come is due");
      return;
    }
    setWrong(undefined);
    mute.mutate({ params: { path: { id: alert.id } }, body: { until: new Date(ms).toISOString() } });
  };
  return (
    <FormDialog
      title="Mute until"
      description="Nobody is told of it until then. It stays in the list, as muted."
      submit="Mute"
      isChanged={until !== before}
      isBusy={mute.isPending}
      error={errorBeside(mute.error, ["until"])}
      onSubmit={submit}
      onClose={onClose}
    >
      <div className="flex flex-wrap gap-2" role="group" aria-label="For">
        {PRESETS.map((hours) => (
          <Button key={hours} size="small" onClick={() => setUntil(fieldOf(Date.now() + hours * HOUR_MS, zone))}>
            {hours} h
          </Button>
        ))}
      </div>
      <Field
        label={`Until (${zoneInWords(zone)})`}
        hint="Or a time of your own"
        error={wrong ?? errorAt(mute.error, "until")}
      >
        {(props) => <Input {...props} type="datetime-local" value={until} onChange={(event) => setUntil(event.target.value)} />}
      </Field>
    </FormDialog>
  );
}

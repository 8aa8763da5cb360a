"use client";

import { useState } from "react";

import { http } from "@/api/client";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { useAct } from "./act";
import { Confirm } from "./parts";

export function Removal({ tenant }: { tenant: string }) {
  const [typed, setTyped] = useState("");
  const [asked, ask] = useState(false);
  const { busy, problem, clear, act } = useAct();
  const remove = async () => {
    const done = await act(() => http.POST("/api/v1/organization/removal", { body: { confirm: typed } }));
    // The session ended with the organization.
    if (done !== undefined) location.replace("/signin/");
  };
  return (
    <Panel title="Remove the organization" note="Keys and sessions end at once; rows and files are erased within minutes. Nothing brings it back.">
      <div className="flex max-w-xl items-end gap-2">
        <Field label={`To confirm, type ${tenant}`} className="flex-1">
          {(props) => <Input {...props} autoComplete="off" value={typed} onChange={(event) => setTyped(event.target.value)} />}
        </Field>
        <Button kind="danger" disabled={typed !== tenant} onClick={() => ask(true)}>
          Remove it
        </Button>
      </div>
      <Confirm
        question={asked ? `Remove ${tenant} and everything that it has?` : null}
        means="Watch lists, rules, alerts, uploads, keys, members and this organization's log are erased. Make an export first, if any of it is still wanted."
        verb="Remove everything"
        busy={busy}
        problem={problem}
        onCancel={() => {
          clear();
          ask(false);
        }}
        onConfirm={() => void remove()}
      />
    </Panel>
  );
}

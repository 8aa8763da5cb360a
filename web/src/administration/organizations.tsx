"use client";

/** All organizations of the installation, for those who look after it. */
import { useState, type FormEvent } from "react";

import { api, http, type Schemas } from "@/api/client";
import { Time } from "@/time/time";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ExportCsv, type CsvColumns } from "@/ui/export-csv";
import { Field, Input } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { View } from "@/ui/state";
import { useAct } from "./act";
import { AdminTable } from "./admin-table";
import { Confirm, Wrong } from "./parts";

type Known = Schemas["KnownOrganizationRow"];

/** The platform's own organization: its administrators look after the installation. */
export const PLATFORM = "local";

const PATH = "/api/v1/organizations";

const CSV: CsvColumns<Known> = {
  tenant: ({ tenant }) => tenant,
  name: ({ name }) => name,
  made_utc: ({ created }) => created,
  closed_utc: ({ closed }) => closed,
};

export function Organizations() {
  const organizations = api.useQuery("get", PATH);
  const [removed, remove] = useState<string | null>(null);
  return (
    <Panel
      title="Organizations"
      note="Each has watch lists, rules, alerts, uploads, keys and members of its own; the catalog is everybody's."
      actions={<ExportCsv name="organizations" rows={organizations.data?.items} columns={CSV} />}
    >
      <Make />
      <View query={organizations} what="organizations">
        {({ items }) => (
          <AdminTable
            label="Organizations"
            rows={items}
            rowId={({ tenant }) => tenant}
            columns={[
              { name: "Identity", className: "font-mono", of: ({ tenant }) => tenant },
              { name: "Name", className: "font-medium", of: ({ name }) => name },
              { name: "Made", of: ({ tenant, created }) => (tenant === PLATFORM ? "with the installation" : <Time value={created} />) },
              { name: "State", of: ({ closed }) => (closed == null ? <Badge tone="good">open</Badge> : <Badge tone="quiet">being removed</Badge>) },
            ]}
            actions={({ tenant, closed }) =>
              tenant !== PLATFORM &&
              closed == null && (
                <Button size="small" aria-label={`Remove ${tenant}`} onClick={() => remove(tenant)}>
                  Remove
                </Button>
              )
            }
          />
        )}
      </View>
      {removed !== null && <Removal key={removed} tenant={removed} onEnd={() => remove(null)} />}
    </Panel>
  );
}

function Make() {
  const [tenant, setTenant] = useState("");
  const [name, setName] = useState("");
  const [administrator, setAdministrator] = useState("");
  const [made, setMade] = useState<string>();
  const { busy, problem, act } = useAct(PATH);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setMade(undefined);
    const first = administrator.trim();
    const body = { tenant: tenant.trim(), name: name.trim(), ...(first === "" ? {} : { administrator: first }) };
    if ((await act(() => http.POST(PATH, { body }))) === undefined) return;
    setMade(
      first === ""
        ? `${body.tenant} is made. Nobody belongs to it yet: groups of the identity provider may say who does.`
        : `${body.tenant} is made, and ${first} is invited. Tell them to sign in here: nothing is sent to them.`,
    );
    setTenant("");
    setName("");
    setAdministrator("");
  };
  return (
    <form onSubmit={(event) => void submit(event)} aria-label="Make an organization" className="mb-3">
      <div className="flex flex-wrap items-end gap-2">
        <Field label="Identity (a-z, 0-9, -)" className="w-48">
          {(props) => (
            <Input {...props} required maxLength={32} pattern="[a-z0-9\-]+" autoComplete="off" value={tenant} onChange={({ target }) => setTenant(target.value)} />
          )}
        </Field>
        <Field label="Name" className="min-w-48 flex-1">
          {(props) => <Input {...props} required maxLength={100} value={name} onChange={({ target }) => setName(target.value)} />}
        </Field>
        <Field label="Address of its first administrator (may be empty)" className="min-w-60 flex-1">
          {(props) => <Input {...props} type="email" maxLength={254} value={administrator} onChange={({ target }) => setAdministrator(target.value)} />}
        </Field>
        <Button kind="primary" type="submit" disabled={busy}>
          Make it
        </Button>
      </div>
      <Wrong problem={problem} />
      {made !== undefined && (
        <p role="status" className="mt-2 text-good">
          {made}
        </p>
      )}
    </form>
  );
}

function Removal({ tenant, onEnd }: { tenant: string; onEnd: () => void }) {
  const [typed, setTyped] = useState("");
  const { busy, problem, act } = useAct(PATH);
  const remove = async () => {
    const done = await act(() => http.POST("/api/v1/organizations/removal", { body: { tenant, confirm: typed } }));
    if (done !== undefined) onEnd();
  };
  return (
    <Confirm
      question={`Remove ${tenant} and everything that it has?`}
      means={
        <>
          <p className="mb-2">
            Its keys and sessions end at once; its watch lists, rules, alerts, uploads, members and log are erased within minutes. Nothing brings them
            back.
          </p>
          <Field label={`To confirm, type ${tenant}`}>
            {(props) => <Input {...props} autoComplete="off" value={typed} onChange={({ target }) => setTyped(target.value)} />}
          </Field>
        </>
      }
      verb="Remove everything"
      busy={busy || typed !== tenant}
      problem={problem}
      onCancel={onEnd}
      onConfirm={() => void remove()}
    />
  );
}

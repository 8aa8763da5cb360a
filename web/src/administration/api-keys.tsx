"use client";

/** Keys for programs. */
import { useState, type FormEvent } from "react";

import { api, http, type Schemas } from "@/api/client";
import { useNow } from "@/time/clock";
import { Time } from "@/time/time";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ExportCsv, type CsvColumns } from "@/ui/export-csv";
import { Field, Input, Select } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { View } from "@/ui/state";
import { useAct } from "./act";
import { AdminTable } from "./admin-table";
import { Confirm, Secret, Wrong } from "./parts";

type Key = Schemas["ApiKeyRow"];
type Scope = Key["scope"];

const PATH = "/api/v1/api-keys";

const CSV: CsvColumns<Key> = {
  id: ({ id }) => id,
  name: ({ name }) => name,
  scope: ({ scope }) => scope,
  made_utc: ({ created }) => created,
  ends_utc: ({ expires }) => expires,
  revoked_utc: ({ revoked }) => revoked,
};

const SCOPES: Record<Scope, string> = { read: "read: look", write: "write: also upload, screen and change", admin: "admin: also keys, members and audit" };

export function ApiKeys() {
  const keys = api.useQuery("get", PATH);
  const [revoked, revoke] = useState<Key | null>(null);
  const { busy, problem, clear, act } = useAct(PATH);
  const confirm = async () => {
    if (revoked === null) return;
    const done = await act(() => http.DELETE("/api/v1/api-keys/{id}", { params: { path: { id: revoked.id } } }));
    if (done !== undefined) revoke(null);
  };
  return (
    <Panel
      title="API keys"
      note="For programs. They work for this organization, from anywhere."
      actions={<ExportCsv name="API keys" rows={keys.data?.items} columns={CSV} />}
    >
      <MakeKey />
      <View query={keys} what="API keys" isEmpty={({ items }) => items.length === 0}>
        {({ items }) => (
          <AdminTable
            label="API keys"
            rows={items}
            rowId={({ id }) => id}
            columns={[
              { name: "Name", className: "font-medium", of: ({ name }) => name },
              { name: "Scope", of: ({ scope }) => scope },
              { name: "Made", of: ({ created }) => <Time value={created} /> },
              { name: "Ends", of: ({ expires }) => (expires == null ? "never" : <Time value={expires} />) },
              { name: "State", of: (key) => <State value={key} /> },
            ]}
            actions={(key) =>
              key.revoked == null && (
                <Button size="small" aria-label={`Revoke ${key.name}`} onClick={() => revoke(key)}>
                  Revoke
                </Button>
              )
            }
          />
        )}
      </View>
      <Confirm
        question={revoked === null ? null : `Revoke the key ${revoked.name}?`}
        means="Programs that use it are refused at once. It does not come back; make another one for them first."
        verb="Revoke"
        busy={busy}
        problem={problem}
        onCancel={() => {
          clear();
          revoke(null);
        }}
        onConfirm={() => void confirm()}
      />
    </Panel>
  );
}

function State({ value }: { value: Key }) {
  const now = useNow();
  if (value.revoked != null) {
    return (
      <>
        <Badge>revoked</Badge> <Time value={value.revoked} />
      </>
    );
  }
  const over = value.expires != null && now !== null && Date.parse(value.expires) <= now;
  return over ? <Badge tone="elevated">expired</Badge> : <Badge tone="good">in use</Badge>;
}

function MakeKey() {
  const [name, setName] = useState("");
  const [scope, setScope] = useState<Scope>("read");
  const [expires, setExpires] = useState("");
  const [secret, show] = useState<string | null>(null);
  const { busy, problem, act } = useAct(PATH);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const body = { name: name.trim(), scope, ...(expires === "" ? {} : { expires: `${expires}T00:00:00Z` }) };
    const made = await act(() => http.POST(PATH, { body }));
    if (made === undefined) return;
    show(made.data?.key ?? null);
    setName("");
  };
  return (
    <>
      <form onSubmit={(event) => void submit(event)} aria-label="Make an API key" className="mb-3 flex flex-wrap items-end gap-2">
        <Field label="What it is for" className="min-w-48 flex-1">
          {(props) => <Input {...props} required maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Field label="Scope" className="w-72">
          {(props) => (
            <Select {...props} value={scope} onChange={(event) => setScope(event.target.value as Scope)}>
              {Object.entries(SCOPES).map(([value, means]) => (
                <option key={value} value={value}>
                  {means}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="Ends at 00:00 UTC of the day (empty: never)" className="w-64">
          {(props) => (
            <Input
              {...props}
              placeholder="YYYY-MM-DD"
              pattern="[0-9]{4}-[0-9]{2}-[0-9]{2}"
              maxLength={10}
              value={expires}
              onChange={(event) => setExpires(event.target.value)}
            />
          )}
        </Field>
        <Button kind="primary" type="submit" disabled={busy || name.trim() === ""}>
          Make a key
        </Button>
      </form>
      <Wrong problem={problem} />
      <Secret
        title="The new API key"
        secret={secret}
        means={
          <>
            Programs send it as <code className="font-mono">Authorization: Bearer KEY</code>.
          </>
        }
        onClose={() => show(null)}
      />
    </>
  );
}

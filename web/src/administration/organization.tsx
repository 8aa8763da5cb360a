"use client";

/** The organization: its name, all that it has as a file, and its end. */
import { useState, type FormEvent } from "react";

import { api, http } from "@/api/client";
import { useMay } from "@/shell/session";
import { Time } from "@/time/time";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { Fact, Facts, Panel } from "@/ui/panel";
import { View } from "@/ui/state";
import { useAct } from "./act";
import { Backups } from "./backups";
import { Exports } from "./exports";
import { PLATFORM } from "./organizations";
import { Needs, Wrong } from "./parts";
import { Removal } from "./removal";

export function Organization() {
  const organization = api.useQuery("get", "/api/v1/organization");
  return (
    <View query={organization} what="organization">
      {({ tenant, name, created }) => (
        <div className="flex flex-col gap-3">
          <Panel title="Organization">
            <Facts>
              <Fact name="Identity">{tenant}</Fact>
              <Fact name="Name">{name}</Fact>
              {tenant !== PLATFORM && (
                <Fact name="Made">
                  <Time value={created} />
                </Fact>
              )}
            </Facts>
            <Rename key={name} name={name} />
          </Panel>
          <Needs scope="admin" what="exports and backups">
            <Exports />
            {tenant === PLATFORM ? <Backups /> : <Removal tenant={tenant} />}
          </Needs>
          {tenant === PLATFORM && (
            <p className="text-quiet">
              This is the platform&apos;s own organization, which stays. Its administrators make and remove others under Organizations.
            </p>
          )}
        </div>
      )}
    </View>
  );
}

function Rename({ name }: { name: string }) {
  const may = useMay("admin");
  const [to, setTo] = useState(name);
  const { busy, problem, act } = useAct("/api/v1/organization");
  if (!may) return null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void act(() => http.PUT("/api/v1/organization", { body: { name: to.trim() } }));
  };
  return (
    <form onSubmit={submit} aria-label="Rename the organization" className="mt-3 flex max-w-xl items-end gap-2">
      <Field label="Another name" className="flex-1">
        {(props) => <Input {...props} required maxLength={100} value={to} onChange={(event) => setTo(event.target.value)} />}
      </Field>
      <Button type="submit" disabled={busy || to.trim() === "" || to.trim() === name}>
        Rename
      </Button>
      <Wrong problem={problem} />
    </form>
  );
}

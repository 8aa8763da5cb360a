"use client";

/** Who is signed in, in which organization they work, which would have them, and their keys. */
import { useId } from "react";

import { api, http } from "@/api/client";
import { useSession } from "@/shell/session";
import { useSingleKeys } from "@/shell/single-keys";
import { Invitations } from "@/signin/invitations";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Checkbox } from "@/ui/field";
import { Fact, Facts, Panel } from "@/ui/panel";
import { View } from "@/ui/state";
import { useAct } from "./act";
import { Wrong } from "./parts";

export function You() {
  const session = useSession();
  const organizations = api.useQuery("get", "/api/v1/session/organizations");
  const { busy, problem, act } = useAct();
  const change = async (tenant: string) => {
    const done = await act(() => http.PUT("/api/v1/session", { body: { tenant } }));
    // Anew: nothing of what was read for the other organization stays.
    if (done !== undefined) location.replace("/");
  };
  return (
    <div className="grid gap-3 xl:grid-cols-2">
      <Panel title="You">
        <View query={session} what="who is signed in">
          {({ name, tenant, scope }) => (
            <Facts>
              <Fact name="Signed in as">{name}</Fact>
              <Fact name="Organization">{tenant}</Fact>
              <Fact name="Scope">{scope}</Fact>
            </Facts>
          )}
        </View>
        <h3 className="mt-4 mb-1 font-semibold">Organizations that you may work in</h3>
        <Wrong problem={problem} />
        <View query={organizations} what="organizations">
          {({ items }) => (
            <ul className="flex flex-col gap-1">
              {items.map(({ tenant, scope, active }) => (
                <li key={tenant} className="flex items-center gap-2">
                  <span className="font-medium">{tenant}</span>
                  <span className="text-quiet">{scope}</span>
                  {active ? (
                    <Badge tone="good">you work here</Badge>
                  ) : (
                    <Button size="small" disabled={busy} onClick={() => void change(tenant)} aria-label={`Work in ${tenant}`}>
                      Work here
                    </Button>
                  )}
                </li>
              ))}
            </ul>
          )}
        </View>
      </Panel>
      <Panel title="Invitations">
        <Invitations />
      </Panel>
      <Keys />
    </div>
  );
}

function Keys() {
  const { areOn, turn } = useSingleKeys();
  const hint = useId();
  return (
    <Panel title="Keys">
      <Checkbox label="Keys of a single letter or sign" aria-describedby={hint} checked={areOn} onChange={({ target }) => turn(target.checked)} />
      <p id={hint} className="mt-1 text-xs text-quiet">
        Off, none of /, ?, g with a letter, and the letters of an event does anything, nor +, − and Space beside the globe. Ctrl K stays, and so
        do the keys in a table and on the globe. This browser remembers it.
      </p>
    </Panel>
  );
}

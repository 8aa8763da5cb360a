"use client";

/** Who is signed in, in which organization they work, and which would have them. */
import { api, http } from "@/api/client";
import { useSession } from "@/shell/session";
import { Invitations } from "@/signin/invitations";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
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
    </div>
  );
}

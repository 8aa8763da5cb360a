"use client";

/** Organizations that would have whoever is signed in as a member. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, http, inWords } from "@/api/client";
import { Time } from "@/time/time";
import { Button } from "@/ui/button";
import { View } from "@/ui/state";

export function Invitations({ onAccepted }: { onAccepted?: () => void }) {
  const client = useQueryClient();
  const invitations = api.useQuery("get", "/api/v1/session/invitations");
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);

  const answer = async (id: string, accept: boolean) => {
    setBusy(true);
    setProblem(undefined);
    try {
      const params = { params: { path: { id } } };
      const path = "/api/v1/session/invitations/{id}";
      const { error } = accept ? await http.POST(path, params) : await http.DELETE(path, params);
      if (error !== undefined) setProblem(inWords(error));
      else if (accept) onAccepted?.();
    } catch (error) {
      setProblem(inWords(error));
    }
    setBusy(false);
    // Also the organizations to work in.
    await client.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).startsWith("/api/v1/session") });
  };

  return (
    <>
      <View query={invitations} what="invitations" isEmpty={({ items }) => items.length === 0} empty={<p className="text-quiet">No invitation waits for you.</p>}>
        {({ items }) => (
          <ul aria-label="Invitations" className="flex flex-col gap-2">
            {items.map(({ id, organization, tenant, role, invited }) => (
              <li key={id} className="flex flex-wrap items-center gap-2 rounded-md border border-line px-3 py-2">
                <div className="min-w-52 flex-1">
                  <p className="font-medium">{organization}</p>
                  <p className="text-quiet">
                    {tenant}, as {role}; invited <Time value={invited} />
                  </p>
                </div>
                <Button kind="primary" disabled={busy} onClick={() => void answer(id, true)} aria-label={`Accept the invitation of ${organization}`}>
                  Accept
                </Button>
                <Button disabled={busy} onClick={() => void answer(id, false)} aria-label={`Decline the invitation of ${organization}`}>
                  Decline
                </Button>
              </li>
            ))}
          </ul>
        )}
      </View>
      {problem !== undefined && (
        <p role="alert" className="text-high">
          {problem}.
        </p>
      )}
    </>
  );
}

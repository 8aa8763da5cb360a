"use client";

/** Who belongs to the organization, and who is invited. */
import { useState } from "react";

import { api, http, type Schemas } from "@/api/client";
import { Time } from "@/time/time";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ExportCsv, type CsvColumns } from "@/ui/export-csv";
import { Select } from "@/ui/field";
import { Panel } from "@/ui/panel";
import { Empty, View } from "@/ui/state";
import { Tip } from "@/ui/tip";
import { useAct } from "./act";
import { AdminTable } from "./admin-table";
import { Invite } from "./invite";
import { Confirm, Wrong } from "./parts";
import { ROLES, type Role } from "./roles";

type Member = Schemas["MemberRow"];

const PATH = "/api/v1/members";

const CSV: CsvColumns<Member> = {
  id: ({ id }) => id,
  name: ({ name }) => name,
  email: ({ email }) => email,
  role: ({ role }) => role,
  invited: ({ invited }) => invited,
  added_utc: ({ added }) => added,
  subject: ({ subject }) => subject,
  issuer: ({ issuer }) => issuer,
};

function called(member: Member): string {
  return member.name ?? member.email ?? member.subject ?? member.id;
}

export function Members() {
  const members = api.useQuery("get", PATH);
  const [removed, remove] = useState<Member | null>(null);
  const { busy, problem, clear, act } = useAct(PATH);
  const give = (member: Member, role: Role) => act(() => http.PUT("/api/v1/members/{id}", { params: { path: { id: member.id } }, body: { role } }));
  const confirm = async () => {
    if (removed === null) return;
    const done = await act(() => http.DELETE("/api/v1/members/{id}", { params: { path: { id: removed.id } } }));
    if (done !== undefined) remove(null);
  };
  return (
    <Panel
      title="Members"
      note="People who sign in at the identity provider. A change counts within five seconds."
      actions={<ExportCsv name="members" rows={members.data?.items} columns={CSV} />}
    >
      <Invite />
      {removed === null && <Wrong problem={problem} />}
      <View
        query={members}
        what="members"
        isEmpty={({ items }) => items.length === 0}
        empty={<Empty title="No members">Whoever signs in by the link that the server prints is no member, and an administrator all the same.</Empty>}
      >
        {({ items }) => (
          <AdminTable
            label="Members"
            rows={items}
            rowId={({ id }) => id}
            columns={[
              {
                name: "Who",
                className: "font-medium",
                of: (member) => <Tip says={member.issuer == null ? undefined : `${member.subject} at ${member.issuer}`}>{called(member)}</Tip>,
              },
              { name: "Address", of: ({ email }) => email ?? "–" },
              { name: "State", of: ({ invited }) => (invited ? <Badge tone="elevated">invited</Badge> : <Badge tone="good">member</Badge>) },
              { name: "Since", of: ({ added }) => <Time value={added} /> },
              {
                name: "Role",
                of: (member) => (
                  <Select
                    aria-label={`Role of ${called(member)}`}
                    className="h-6 w-32"
                    disabled={busy}
                    value={member.role}
                    onChange={(event) => void give(member, event.target.value as Role)}
                  >
                    {ROLES.map(({ role }) => (
                      <option key={role}>{role}</option>
                    ))}
                  </Select>
                ),
              },
            ]}
            actions={(member) => (
              <Button size="small" aria-label={`Remove ${called(member)}`} onClick={() => remove(member)}>
                Remove
              </Button>
            )}
          />
        )}
      </View>
      <Confirm
        question={removed === null ? null : `Remove ${called(removed)}?`}
        means={removed?.invited === true ? "The invitation is taken back." : "They see nothing of this organization any more. Keys that they made go on."}
        verb="Remove"
        busy={busy}
        problem={problem}
        onCancel={() => {
          clear();
          remove(null);
        }}
        onConfirm={() => void confirm()}
      />
    </Panel>
  );
}

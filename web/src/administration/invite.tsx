"use client";

/** Inviting somebody: by an address, or by who they are at the identity provider. */
import { useState, type FormEvent } from "react";

import { http } from "@/api/client";
import { Button } from "@/ui/button";
import { Field, Input, Select } from "@/ui/field";
import { useAct } from "./act";
import { Wrong } from "./parts";
import { ROLES, type Role } from "./roles";

type By = "email" | "subject";

export function Invite() {
  const [by, setBy] = useState<By>("email");
  const [email, setEmail] = useState("");
  const [issuer, setIssuer] = useState("");
  const [subject, setSubject] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [invited, setInvited] = useState<string>();
  const { busy, problem, act } = useAct("/api/v1/members");
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setInvited(undefined);
    const who = by === "email" ? { email: email.trim() } : { issuer: issuer.trim(), subject: subject.trim() };
    const done = await act(() => http.POST("/api/v1/members", { body: { role, ...who } }));
    if (done === undefined) return;
    setInvited(who.email ?? who.subject);
    setEmail("");
    setSubject("");
  };
  return (
    <form onSubmit={(event) => void submit(event)} aria-label="Invite somebody" className="mb-3">
      <div className="flex flex-wrap items-end gap-2">
        <Field label="Invite by" className="w-44">
          {(props) => (
            <Select {...props} value={by} onChange={(event) => setBy(event.target.value as By)}>
              <option value="email">mail address</option>
              <option value="subject">issuer and subject</option>
            </Select>
          )}
        </Field>
        {by === "email" ? (
          <Field label="Address, as the provider has verified it" className="min-w-60 flex-1">
            {(props) => <Input {...props} type="email" required maxLength={254} value={email} onChange={(event) => setEmail(event.target.value)} />}
          </Field>
        ) : (
          <>
            <Field label="Issuer" className="min-w-60 flex-1">
              {(props) => <Input {...props} type="url" required maxLength={300} value={issuer} onChange={(event) => setIssuer(event.target.value)} />}
            </Field>
            <Field label="Subject" className="min-w-40 flex-1">
              {(props) => <Input {...props} required maxLength={300} value={subject} onChange={(event) => setSubject(event.target.value)} />}
            </Field>
          </>
        )}
        <Field label="Role" className="w-96">
          {(props) => (
            <Select {...props} value={role} onChange={(event) => setRole(event.target.value as Role)}>
              {ROLES.map((one) => (
                <option key={one.role} value={one.role}>
                  {one.role}: {one.may}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Button kind="primary" type="submit" disabled={busy}>
          Invite
        </Button>
      </div>
      <Wrong problem={problem} />
      {invited !== undefined && (
        <p role="status" className="mt-2 text-good">
          {invited} is invited. Tell them to sign in here: nothing is sent to them, and they find the invitation after signing in.
        </p>
      )}
    </form>
  );
}

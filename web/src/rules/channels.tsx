"use client";

/** Whom a rule tells: webhooks and mail addresses. */
import { Trash2 } from "lucide-react";
import Link from "next/link";
import { useState } from "react";

import { api } from "@/api/client";
import { Button } from "@/ui/button";
import { Field, Input, Select } from "@/ui/field";
import type { Channel } from "./draft";
import { channelInWords, type Names } from "./sentence";

interface ChannelsProps {
  legend: string;
  /** The service's name of the field. */
  field: "channels" | "escalation_channels";
  channels: Channel[];
  names: Names;
  problems: ReadonlyMap<string, string>;
  onChange: (channels: Channel[]) => void;
}

const MOST = 20;

function keyOf(channel: Channel): string {
  return channel.kind === "email" ? channel.address.toLowerCase() : channel.webhook;
}

/** What the service says of a channel: of itself, or of what is in it. */
function problemOf(problems: ReadonlyMap<string, string>, field: string, index: number): string | undefined {
  const place = `${field}[${index}]`;
  for (const [at, said] of problems) if (at === place || at.startsWith(`${place}.`)) return said;
  return undefined;
}

export function Channels({ legend, field, channels, names, problems, onChange }: ChannelsProps) {
  const webhooks = api.useQuery("get", "/api/v1/webhooks", {});
  const [address, setAddress] = useState("");
  const [wrong, setWrong] = useState<string>();
  const all = webhooks.data?.items ?? [];
  const full = channels.length >= MOST;

  const add = (channel: Channel) => {
    if (!channels.some((known) => keyOf(known) === keyOf(channel))) onChange([...channels, channel]);
  };
  const addAddress = () => {
    const typed = address.trim();
    // What a mail server takes is its matter: this finds slips.
    if (!/^[^\s@]+@[^\s@]+$/.test(typed)) {
      setWrong(`${typed === "" ? "Nothing" : typed}: a mail address is due, as name@example.org`);
      return;
    }
    add({ kind: "email", address: typed });
    setAddress("");
    setWrong(undefined);
  };

  return (
    <fieldset className="flex min-w-0 flex-col gap-2 rounded-md border border-line p-3">
      <legend className="px-1 text-xs font-medium text-quiet">{legend}</legend>
      {channels.length > 0 && (
        <ul className="flex flex-col gap-1">
          {channels.map((channel, index) => {
            const problem = problemOf(problems, field, index);
            const called = channelInWords(channel, names);
            return (
              <li key={keyOf(channel)} className="flex flex-wrap items-center gap-2">
                <span className="min-w-0 flex-1 truncate">{called}</span>
                <Button kind="ghost" size="icon" className="size-6" aria-label={`Take ${called} off`} onClick={() => onChange(channels.filter((_, place) => place !== index))}>
                  <Trash2 />
                </Button>
                {problem !== undefined && (
                  <p role="alert" className="basis-full text-xs text-high">
                    {problem}
                  </p>
                )}
              </li>
            );
          })}
        </ul>
      )}
      {problems.get(field) !== undefined && <p className="text-xs text-high">{problems.get(field)}</p>}
      <Field
        label="Add a webhook"
        hint={
          all.length === 0 && webhooks.data !== undefined ? (
            <>
              None is set up yet:{" "}
              <Link href="/administration" className="text-accent underline">
                Administration
              </Link>
            </>
          ) : undefined
        }
      >
        {(props) => (
          <Select {...props} value="" disabled={full || all.length === 0} onChange={(event) => event.target.value !== "" && add({ kind: "webhook", webhook: event.target.value })}>
            <option value="">Choose</option>
            {all.map(({ id, name, enabled }) => (
              <option key={id} value={id}>
                {name}
                {enabled ? "" : " (not in use)"}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <div className="flex items-start gap-2">
        <Field label="Add a mail address" error={wrong} className="flex-1">
          {(props) => (
            <Input
              {...props}
              type="email"
              maxLength={254}
              disabled={full}
              value={address}
              onChange={(event) => setAddress(event.target.value)}
              onKeyDown={(event) => {
                // Enter adds what was typed; of an empty field it submits the form.
                if (event.key !== "Enter" || address.trim() === "") return;
                event.preventDefault();
                addAddress();
              }}
            />
          )}
        </Field>
        <Button className="mt-5" disabled={full || address.trim() === ""} onClick={addAddress}>
          Add
        </Button>
      </div>
      {full && <p className="text-xs text-quiet">{MOST} are the most that a rule takes.</p>}
    </fieldset>
  );
}

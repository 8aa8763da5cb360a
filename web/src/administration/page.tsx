"use client";

import type { Route } from "next";
import Link from "next/link";
import { useSearchParams } from "next/navigation";
import type { ReactNode } from "react";

import { useSession } from "@/shell/session";
import { cn } from "@/ui/cn";
import { PageHeader } from "@/ui/panel";
import { ApiKeys } from "./api-keys";
import { Audit } from "./audit";
import { Members } from "./members";
import { Organization } from "./organization";
import { Organizations, PLATFORM } from "./organizations";
import { Needs } from "./parts";
import { Webhooks } from "./webhooks";
import { You } from "./you";

const PARTS: readonly { part: string; name: string; shown: ReactNode }[] = [
  { part: "you", name: "You", shown: <You /> },
  {
    part: "members",
    name: "Members",
    shown: (
      <Needs scope="admin" what="members">
        <Members />
      </Needs>
    ),
  },
  {
    part: "keys",
    name: "API keys",
    shown: (
      <Needs scope="admin" what="API keys">
        <ApiKeys />
      </Needs>
    ),
  },
  { part: "webhooks", name: "Webhooks", shown: <Webhooks /> },
  {
    part: "audit",
    name: "Audit log",
    shown: (
      <Needs scope="admin" what="the audit log">
        <Audit />
      </Needs>
    ),
  },
  { part: "organization", name: "Organization", shown: <Organization /> },
];

/** Only those who look after the installation have it. */
const OF_PLATFORM = {
  part: "organizations",
  name: "Organizations",
  shown: (
    <Needs scope="admin" what="organizations">
      <Organizations />
    </Needs>
  ),
};

export function Administration() {
  const { data } = useSession();
  const parts = data?.tenant === PLATFORM && data.scope === "admin" ? [...PARTS, OF_PLATFORM] : PARTS;
  const wanted = useSearchParams().get("part");
  const here = parts.find(({ part }) => part === wanted) ?? PARTS[0];
  return (
    <>
      <PageHeader title="Administration" />
      <nav aria-label="Parts of administration" className="mb-3 flex flex-wrap gap-1 border-b border-line">
        {parts.map(({ part, name }) => (
          <Link
            key={part}
            href={`/administration/?part=${part}` as Route}
            aria-current={part === here?.part ? "page" : undefined}
            className={cn("-mb-px border-b-2 border-transparent px-3 py-1.5 hover:text-accent", part === here?.part && "border-accent font-medium text-accent")}
          >
            {name}
          </Link>
        ))}
      </nav>
      {here?.shown}
    </>
  );
}

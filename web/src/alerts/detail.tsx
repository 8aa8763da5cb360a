"use client";

/** One alert. */
import { X } from "lucide-react";

import { api, type Alert } from "@/api/client";
import { useNow } from "@/time/clock";
import { Ago, Time } from "@/time/time";
import { SeverityBadge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { View } from "@/ui/state";
import { Actions } from "./actions";
import { StateBadge } from "./alert-list";
import { Deliveries } from "./deliveries";
import { historyOf, toCome } from "./history";
import { SubjectInWords } from "./subject";

export function Detail({ id, onClose }: { id: string; onClose: () => void }) {
  const alert = api.useQuery("get", "/api/v1/alerts/{id}", { params: { path: { id } } });
  return (
    <section aria-label="Alert" className="min-h-0 overflow-auto rounded-lg border border-line bg-panel p-3">
      <View query={alert} what="alert">
        {(data) => <Shown alert={data} onClose={onClose} />}
      </View>
    </section>
  );
}

function Shown({ alert, onClose }: { alert: Alert; onClose: () => void }) {
  return (
    <div className="flex flex-col gap-3">
      <header className="flex flex-wrap items-start gap-x-2 gap-y-1">
        <div className="flex flex-1 flex-wrap items-center gap-2">
          <SeverityBadge severity={alert.severity} />
          <StateBadge state={alert.state} />
        </div>
        <Button kind="ghost" size="icon" aria-label="Close" onClick={onClose}>
          <X />
        </Button>
        <h2 className="basis-full text-base font-semibold">{alert.summary}</h2>
      </header>
      <Actions key={alert.id} alert={alert} />
      <Part title="About">
        <SubjectInWords subject={alert.subject} />
        {alert.originator != null && <p className="text-quiet">The line above follows a message of {alert.originator}.</p>}
      </Part>
      <Part title="History">
        <History alert={alert} />
      </Part>
      <Part title="Messages">
        <Deliveries alert={alert.id} />
      </Part>
    </div>
  );
}

function Part({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <div className="border-t border-line pt-2">
      <h3 className="mb-1 text-xs font-semibold text-quiet">{title}</h3>
      {children}
    </div>
  );
}

function History({ alert }: { alert: Alert }) {
  const now = useNow();
  const coming = now === null ? [] : toCome(alert, now);
  return (
    <ol className="flex flex-col gap-0.5">
      {historyOf(alert).map(({ at, what }) => (
        <li key={what} className="flex flex-wrap gap-x-2">
          <Time value={at} /> <span>{what}</span>
          <span className="text-quiet">
            <Ago value={at} />
          </span>
        </li>
      ))}
      {coming.map(({ at, what }) => (
        <li key={what} className="flex flex-wrap gap-x-2 text-elevated">
          <span>{what}</span> <Time value={at} />
          <span className="text-quiet">
            <Ago value={at} />
          </span>
        </li>
      ))}
    </ol>
  );
}

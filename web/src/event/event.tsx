"use client";

/** One event: everything that a decision about it rests on. */
import { Globe, ListFilter } from "lucide-react";
import type { Route } from "next";
import Link from "next/link";
import { useSearchParams } from "next/navigation";
import { Suspense, useState } from "react";

import { api, inWords, statusOf, type Conjunction } from "@/api/client";
import { StatusBadge } from "@/conjunctions/columns";
import { pair } from "@/conjunctions/pair";
import { ageDays } from "@/conjunctions/words";
import { placeLeft } from "@/table/place";
import { Ago, Countdown, Time } from "@/time/time";
import { Button } from "@/ui/button";
import { PageHeader, Panel } from "@/ui/panel";
import { Empty, Failure, Loading, View } from "@/ui/state";
import { nameOf } from "@/units/words";
import { AlertsPanel } from "./alerts-panel";
import { ApproachPanel } from "./approach-panel";
import { AssumptionsPanel } from "./assumptions-panel";
import { CdmMenu } from "./cdm-menu";
import { FactsStrip } from "./facts-strip";
import { HandlingPanel } from "./handling-panel";
import { HistoryPanel } from "./history-panel";
import { MessagesPanel } from "./messages-panel";
import { ObjectsPanel } from "./objects-panel";
import { PlanePanel } from "./plane-panel";
import { Share } from "./share";

export function Event() {
  return (
    <Suspense fallback={<Loading what="the event" rows={12} />}>
      <Asked />
    </Suspense>
  );
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function Asked() {
  const id = useSearchParams().get("id");
  if (id === null || !UUID.test(id)) {
    return (
      <Empty title={id === null ? "No event was asked for" : "That is no identity of an event"}>
        <Link href="/conjunctions" className="text-accent underline">
          Choose one of the conjunctions
        </Link>
      </Empty>
    );
  }
  return <Found key={id} id={id} />;
}

function Found({ id }: { id: string }) {
  const conjunction = api.useQuery("get", "/api/v1/conjunctions/{id}", { params: { path: { id } } });
  return (
    <View query={conjunction} what="event" loading={<Loading what="the event" rows={12} />}>
      {(found) => <Content conjunction={found} />}
    </View>
  );
}

function Content({ conjunction }: { conjunction: Conjunction }) {
  const [one, other] = pair(conjunction.objects);
  // With the filters that one came with.
  const [search] = useState(() => placeLeft("conjunctions")?.search ?? "");
  const geometry = api.useQuery("get", "/api/v1/conjunctions/{id}/geometry", { params: { path: { id: conjunction.id } } });
  return (
    <div className="flex flex-col gap-2">
      <PageHeader
        title={`${nameOf(one)} and ${nameOf(other)}`}
        note={
          <span className="inline-flex flex-wrap items-center gap-x-3">
            <StatusBadge status={conjunction.status} />
            <span>
              TCA <Time value={conjunction.tca} digits={3} />
            </span>
            <strong className="text-ink">
              <Countdown to={conjunction.tca} />
            </strong>
            <span>
              solved <Ago value={conjunction.last_seen} />
            </span>
          </span>
        }
        actions={
          <>
            <Button asChild>
              <Link href={`/conjunctions${search}` as Route}>
                <ListFilter />
                Conjunctions
              </Link>
            </Button>
            <Button asChild>
              <Link href={`/globe?event=${conjunction.id}`} prefetch={false}>
                <Globe />
                Play on globe
              </Link>
            </Button>
            <Share />
            <CdmMenu conjunction={conjunction} />
          </>
        }
      />
      <FactsStrip conjunction={conjunction} geometry={geometry.data} />
      <div className="grid gap-2 lg:grid-cols-2 xl:grid-cols-[1fr_1fr_1.12fr]">
        <div className="flex min-w-0 flex-col gap-2">
          {geometry.data !== undefined ? (
            <PlanePanel geometry={geometry.data} />
          ) : (
            <Panel title="Encounter plane">
              {geometry.error === null ? <Loading what="the geometry" rows={8} /> : <NoGeometry error={geometry.error} retry={() => void geometry.refetch()} />}
            </Panel>
          )}
          <HandlingPanel conjunction={conjunction} />
        </div>
        <div className="flex min-w-0 flex-col gap-2">
          {geometry.data !== undefined ? (
            <ApproachPanel geometry={geometry.data} />
          ) : (
            // What is wrong is said beside it.
            geometry.error === null && (
              <Panel title="Distance around TCA">
                <Loading what="the geometry" rows={8} />
              </Panel>
            )
          )}
          <HistoryPanel conjunction={conjunction} />
        </div>
        <div className="flex min-w-0 flex-col gap-2">
          <ObjectsPanel
            participants={conjunction.objects}
            sides={geometry.data?.objects}
            ages={conjunction.objects.map(({ epoch }) => ageDays(epoch, conjunction.tca))}
          />
          <AssumptionsPanel conjunction={conjunction} geometry={geometry.data} />
        </div>
      </div>
      <div className="grid gap-2 xl:grid-cols-3">
        <div className="min-w-0 xl:col-span-2">
          <MessagesPanel conjunction={conjunction} />
        </div>
        <AlertsPanel conjunction={conjunction} />
      </div>
    </div>
  );
}

/** The data of an old solution may be gone: that is no failure of the service. */
function NoGeometry({ error, retry }: { error: unknown; retry: () => void }) {
  if (statusOf(error) === 422) return <Empty title="The geometry cannot be computed again">{inWords(error)}.</Empty>;
  return <Failure error={error} what="the geometry" retry={retry} />;
}

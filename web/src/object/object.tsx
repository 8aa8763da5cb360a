"use client";

/** One object: what it is, where it flies, who comes close to it, and where that is known from. */
import { Globe } from "lucide-react";
import type { Route } from "next";
import Link from "next/link";
import { useSearchParams } from "next/navigation";

import { api } from "@/api/client";
import { useEventStep } from "@/time/reference";
import { Button } from "@/ui/button";
import { PageHeader } from "@/ui/panel";
import { Empty, Loading, View } from "@/ui/state";
import { nameOf } from "@/units/words";
import { ObjectConjunctions } from "./conjunctions";
import { GroundTrack } from "./ground-track";
import { History, rowsOf, useElementSets } from "./history";
import { Elements, Identity } from "./identity";
import { Sources } from "./sources";
import { Watch } from "./watch";

export function ObjectPage() {
  const text = useSearchParams().get("number");
  if (text === null || !/^\d{1,9}$/.test(text)) {
    return (
      <>
        <PageHeader title="Object" />
        <Empty title="No object is named">
          Its catalog number stands in the address, as <code>?number=25544</code>. <Link href="/objects" className="text-accent">Look for it in the catalog</Link>.
        </Empty>
      </>
    );
  }
  return <One key={text} number={Number(text)} />;
}

function One({ number }: { number: number }) {
  const object = api.useQuery("get", "/api/v1/objects/{number}", { params: { path: { number } } });
  const sets = useElementSets(number);
  const current = rowsOf(sets.data?.pages ?? [])[0];
  const startMs = useEventStep();
  return (
    <>
      <PageHeader
        title={object.data === undefined ? `Object ${number}` : nameOf(object.data)}
        note={`Catalog number ${number}`}
        actions={
          <>
            <Watch number={number} />
            <Button size="small" asChild>
              <Link href={`/globe?object=${number}` as Route}>
                <Globe /> On the globe
              </Link>
            </Button>
          </>
        }
      />
      <View query={object} what="object" loading={<Loading what="object" rows={8} />}>
        {(data) => (
          <div className="flex flex-col gap-3">
            <div className="grid gap-3 lg:grid-cols-2 2xl:grid-cols-3">
              <div className="flex flex-col gap-3">
                <Identity object={data} />
                <Elements object={data} current={current} query={sets} />
              </div>
              {data.period_min != null && startMs !== null && (
                <GroundTrack number={number} periodMinutes={data.period_min} startMs={startMs} />
              )}
            </div>
            <ObjectConjunctions number={number} />
            <History query={sets} />
            {startMs !== null && (
              <Sources object={data} rows={rowsOf(sets.data?.pages ?? [])} hasOlder={sets.hasNextPage} startMs={startMs} />
            )}
          </div>
        )}
      </View>
    </>
  );
}

"use client";

/** One watch list: its satellites, each with its next and its riskiest event. */
import { Download, ListFilter, Pencil, Trash2 } from "lucide-react";
import Link from "next/link";
import { useMemo, useState } from "react";

import { useChanged } from "@/api/changed";
import { api, type Schemas } from "@/api/client";
import { useMay } from "@/shell/session";
import { DataTable, type Column } from "@/table/data-table";
import { Countdown, Time } from "@/time/time";
import { Risk } from "@/today/event-rows";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { csv, download } from "@/ui/csv";
import { Panel } from "@/ui/panel";
import { Empty, Failure } from "@/ui/state";
import { count, distance, probability } from "@/units/format";
import { MANEUVERABLE, maneuverableOf } from "./draft";
import { useFirstOf, useListEvents, type ListEvents, type Order } from "./events";
import { ObjectName } from "./object-name";
import { tableOf } from "./table";

type WatchList = Schemas["WatchListRow"];
type Watched = Schemas["WatchedObjectBody"];

export function ListPanel({ list, onEdit, onRemoved }: { list: WatchList; onEdit: () => void; onRemoved: () => void }) {
  const may = useMay("write");
  const [removing, setRemoving] = useState(false);
  const events = useListEvents(list);
  const columns = useMemo(() => columnsOf(events), [events]);
  const save = () => {
    const { header, rows } = tableOf(list, events.of);
    download(`${list.name}.csv`, csv(header, rows), "text/csv");
  };
  return (
    <Panel
      title={list.name}
      note={
        <>
          {count(list.objects.length)} {list.objects.length === 1 ? "satellite" : "satellites"}, changed <Time value={list.updated} />
        </>
      }
      className="h-full"
      actions={
        <>
          <Button size="small" asChild>
            <Link href={`/conjunctions?list=${list.id}`}>
              <ListFilter />
              Conjunctions
            </Link>
          </Button>
          <Button size="small" onClick={save} disabled={events.isPending && list.objects.length > 0}>
            <Download />
            CSV
          </Button>
          {may && (
            <>
              <Button size="small" onClick={onEdit}>
                <Pencil />
                Edit
              </Button>
              <Button size="small" kind="danger" onClick={() => setRemoving(true)}>
                <Trash2 />
                Remove
              </Button>
            </>
          )}
        </>
      }
    >
      {events.error !== null && events.error !== undefined && <Failure error={events.error} what="events of this list" retry={events.retry} />}
      {list.objects.length === 0 ? (
        <Empty title="No satellite on this list">{may && <Button onClick={onEdit}>Add satellites</Button>}</Empty>
      ) : (
        <DataTable
          label={`Satellites of ${list.name}`}
          columns={columns}
          rows={list.objects}
          rowId={(row) => String(row.catalog_number)}
          className="h-full max-h-[calc(100vh-15rem)]"
        />
      )}
      {removing && <Removal list={list} onClose={() => setRemoving(false)} onRemoved={onRemoved} />}
    </Panel>
  );
}

function Removal({ list, onClose, onRemoved }: { list: WatchList; onClose: () => void; onRemoved: () => void }) {
  const changed = useChanged();
  const remove = api.useMutation("delete", "/api/v1/watch-lists/{id}", {
    onSuccess: async () => {
      onRemoved();
      await changed("/api/v1/watch-lists");
    },
  });
  return (
    <Confirm
      title={`Remove ${list.name}?`}
      description={`Its ${count(list.objects.length)} satellites stay in the catalog. What you stated about them on this list is lost.`}
      action="Remove the list"
      isBusy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ params: { path: { id: list.id } } })}
      onClose={onClose}
    />
  );
}

function columnsOf(events: ListEvents): Column<Watched>[] {
  const own = (id: string, header: string, tip: string, of: (watched: Watched) => string | null): Column<Watched> => ({
    id,
    header,
    meta: { numeric: true, tip },
    cell: ({ row }) => of(row.original) ?? <span className="text-quiet">–</span>,
  });
  return [
    {
      id: "name",
      header: "Satellite",
      cell: ({ row: { original } }) => (
        <Link href={`/object?number=${original.catalog_number}`} className="font-medium hover:underline">
          <ObjectName number={original.catalog_number} known={nameIn(events, original.catalog_number)} />
        </Link>
      ),
    },
    { id: "number", header: "Number", meta: { numeric: true }, cell: ({ row }) => row.original.catalog_number },
    {
      id: "next",
      header: "Next event",
      meta: { tip: "The next closest approach that is to come" },
      cell: ({ row }) => <First events={events} number={row.original.catalog_number} order="tca" />,
    },
    {
      id: "riskiest",
      header: "Riskiest event",
      meta: { tip: "The most probable collision of those to come" },
      cell: ({ row }) => <First events={events} number={row.original.catalog_number} order="probability" />,
    },
    own("radius", "Radius", "Hard-body radius that you stated", ({ hard_body_radius_m: m }) => (m == null ? null : `${m} m`)),
    {
      id: "maneuverable",
      header: "Maneuverable",
      cell: ({ row }) => MANEUVERABLE[maneuverableOf(row.original.maneuverable)],
    },
    own("probability", "Warn from", "Probability to warn from on, in place of the rule's", ({ min_probability: p }) => (p == null ? null : probability(p))),
    own("miss", "Warn up to", "Miss distance to warn up to, in place of the rule's", ({ max_miss_distance_km: km }) => (km == null ? null : distance(km))),
  ];
}

function nameIn(events: ListEvents, number: number): string | undefined {
  const event = events.of(number, "tca") ?? events.of(number, "probability");
  return event?.objects.find((object) => object.catalog_number === number)?.name ?? undefined;
}

function First({ events, number, order }: { events: ListEvents; number: number; order: Order }) {
  const event = useFirstOf(number, order, events.of(number, order), !events.isPending);
  if (event === undefined) return <span className="text-quiet">…</span>;
  if (event === null) return <span className="text-quiet">none</span>;
  return (
    <Link href={`/event?id=${event.id}`} className="inline-flex items-center gap-2 hover:underline">
      <Countdown to={event.tca} />
      <span className="w-16 text-right tabular-nums">{distance(event.miss_distance_km)}</span>
      <Risk row={event} />
    </Link>
  );
}

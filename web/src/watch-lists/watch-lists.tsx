"use client";

/** The watch lists: which there are, and one of them. */
import { Plus } from "lucide-react";
import { useSearchParams } from "next/navigation";
import { Suspense, useCallback, useState } from "react";

import { api, type Schemas } from "@/api/client";
import { useMay } from "@/shell/session";
import { Button } from "@/ui/button";
import { cn } from "@/ui/cn";
import { PageHeader } from "@/ui/panel";
import { Empty, Failure, Loading, View } from "@/ui/state";
import { count } from "@/units/format";
import { Editor } from "./editor";
import { ListPanel } from "./list-panel";

type WatchList = Schemas["WatchListRow"];

export function WatchLists() {
  return (
    <Suspense fallback={<Loading what="watch lists" />}>
      <Page />
    </Suspense>
  );
}

function Page() {
  const search = useSearchParams();
  const may = useMay("write");
  const lists = api.useQuery("get", "/api/v1/watch-lists", {});
  const [editing, setEditing] = useState<WatchList | null>(null);
  // `?new` comes from elsewhere: from today's page.
  const isNew = search.has("new") && may === true;
  const id = search.get("id");
  // The address says which list it is, so that it can be shared and gone back to.
  const go = useCallback((query: string) => window.history.replaceState(null, "", `/watch-lists/${query}`), []);

  return (
    <>
      <PageHeader
        title="Watch lists"
        note="Your satellites: what you know better about them, and what comes near them."
        actions={
          may && (
            <Button kind="primary" onClick={() => go("?new")}>
              <Plus />
              New list
            </Button>
          )
        }
      />
      <View
        query={lists}
        what="watch lists"
        isEmpty={({ items }) => items.length === 0}
        empty={
          <Empty title="No watch list yet">
            A list names your satellites, by search or by catalog number. Their events are then gathered here and on today&apos;s page, and alert
            rules can speak of them.
          </Empty>
        }
      >
        {({ items }) => <Lists lists={items} id={id} onChoose={(chosen) => go(`?id=${chosen}`)} onEdit={setEditing} onRemoved={() => go("")} />}
      </View>
      {(editing !== null || isNew) && (
        <Editor
          key={editing?.id ?? "new"}
          list={editing}
          onSaved={(saved) => {
            setEditing(null);
            go(`?id=${saved.id}`);
          }}
          onClose={() => {
            setEditing(null);
            if (isNew) go("");
          }}
        />
      )}
    </>
  );
}

interface ListsProps {
  lists: WatchList[];
  id: string | null;
  onChoose: (id: string) => void;
  onEdit: (list: WatchList) => void;
  onRemoved: () => void;
}

function Lists({ lists, id, onChoose, onEdit, onRemoved }: ListsProps) {
  const chosen = id === null ? lists[0] : lists.find((list) => list.id === id);
  return (
    <div className="grid gap-3 lg:grid-cols-[14rem_minmax(0,1fr)]">
      <nav aria-label="Watch lists" className="flex flex-col gap-0.5 self-start rounded-lg border border-line bg-panel p-1">
        {lists.map((list) => (
          <button
            key={list.id}
            type="button"
            aria-current={list.id === chosen?.id}
            className={cn("flex items-center gap-2 rounded-md px-2 py-1.5 text-left hover:bg-raised", list.id === chosen?.id && "bg-accent-soft font-medium text-accent")}
            onClick={() => onChoose(list.id)}
          >
            <span className="min-w-0 truncate">{list.name}</span>
            <span className="ml-auto text-quiet tabular-nums">{count(list.objects.length)}</span>
          </button>
        ))}
      </nav>
      {chosen === undefined ? (
        <Failure error={new Error("it was removed, or belongs to somebody else")} what="this watch list" />
      ) : (
        <ListPanel key={chosen.id} list={chosen} onEdit={() => onEdit(chosen)} onRemoved={onRemoved} />
      )}
    </div>
  );
}

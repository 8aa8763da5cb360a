"use client";

import { BookmarkPlus, X } from "lucide-react";
import Link from "next/link";
import { useState, type MouseEvent } from "react";

import { api } from "@/api/client";
import { Button } from "@/ui/button";
import { cn } from "@/ui/cn";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { show } from "./use-filters";
import { givenViews, useKeptViews, type View } from "./views";

/** The views: those that are given, those that were kept, and one to make the first list of one's own satellites. */
export function ViewBar({ search }: { search: string }) {
  const lists = api.useQuery("get", "/api/v1/watch-lists", {});
  const { views, add, remove } = useKeptViews();
  const [naming, setNaming] = useState(false);
  const given = givenViews(lists.data?.items ?? []);
  const isKnown = [...given, ...views].some((view) => view.search === search);
  return (
    <nav aria-label="Views" className="flex flex-wrap items-center gap-1">
      {given.map((view) => (
        <ViewLink key={view.name} view={view} here={view.search === search} />
      ))}
      {lists.data?.items.length === 0 && (
        <Link href="/watch-lists" className="rounded-md px-2 py-1 text-quiet hover:bg-raised" data-tip="There is no watch list yet: make one">
          My satellites
        </Link>
      )}
      {views.map((view) => (
        <span key={view.name} className="inline-flex items-center">
          <ViewLink view={view} here={view.search === search} />
          <Button kind="ghost" size="icon" className="size-6" aria-label={`Remove the view ${view.name}`} onClick={() => remove(view.name)}>
            <X />
          </Button>
        </span>
      ))}
      <Button kind="ghost" size="small" disabled={isKnown} onClick={() => setNaming(true)}>
        <BookmarkPlus />
        Save view
      </Button>
      <NameDialog
        open={naming}
        onOpenChange={setNaming}
        onName={(name) => {
          add(name, search);
          setNaming(false);
        }}
      />
    </nav>
  );
}

function ViewLink({ view, here }: { view: View; here: boolean }) {
  const onClick = (event: MouseEvent) => {
    // A new tab or window is the browser's matter.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    show(view.search);
  };
  return (
    <a
      href={`/conjunctions/${view.search}`}
      aria-current={here ? "true" : undefined}
      onClick={onClick}
      className={cn("rounded-md px-2 py-1 hover:bg-raised", here && "bg-accent-soft font-medium text-accent hover:bg-accent-soft")}
    >
      {view.name}
    </a>
  );
}

const LONGEST_NAME = 60;

function NameDialog({ open, onOpenChange, onName }: { open: boolean; onOpenChange: (open: boolean) => void; onName: (name: string) => void }) {
  const [name, setName] = useState("");
  const due = name.trim() === "" || name.trim().length > LONGEST_NAME;
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="Save view"
      description="The filters and the order under a name, in this browser. The address of the page says the same: send it to whom you want."
    >
      <form
        className="flex items-end gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          if (due) return;
          onName(name.trim());
          setName("");
        }}
      >
        <Field label={`Name, at most ${LONGEST_NAME} characters`} className="flex-1">
          {(props) => <Input {...props} autoFocus value={name} maxLength={LONGEST_NAME} onChange={({ target }) => setName(target.value)} />}
        </Field>
        <Button kind="primary" type="submit" disabled={due}>
          Save
        </Button>
      </form>
    </Dialog>
  );
}

"use client";

/** Makes or changes a watch list. */
import { useMemo, useReducer, useState } from "react";

import { useChanged } from "@/api/changed";
import { api, http, type Schemas } from "@/api/client";
import { answered, Outdated, useReplace } from "@/api/replace";
import { errorBeside, fieldError } from "@/ui/field-errors";
import { Field, Input } from "@/ui/field";
import { FormDialog } from "@/ui/form-dialog";
import { AddObjects } from "./add-objects";
import { bodyOf, draftOf, edit, type Problems } from "./draft";
import { EditedObjects } from "./edited-objects";

type WatchList = Schemas["WatchListRow"];

interface EditorProps {
  /** The list that is changed; null makes one. */
  list: WatchList | null;
  onSaved: (list: WatchList) => void;
  onClose: () => void;
}

const NONE: Problems = new Map();

export function Editor({ list, onSaved, onClose }: EditorProps) {
  const before = useMemo(() => draftOf(list), [list]);
  const [draft, dispatch] = useReducer(edit, before);
  const [asked, setAsked] = useState(false);
  const changed = useChanged();
  const saved = async (row: WatchList) => {
    await changed("/api/v1/watch-lists", "/api/v1/conjunctions");
    onSaved(row);
  };
  const make = api.useMutation("post", "/api/v1/watch-lists", { onSuccess: saved });
  const params = { path: { id: list?.id ?? "" } };
  const replace = useReplace({
    opened: list?.updated,
    read: async () => answered(await http.GET("/api/v1/watch-lists/{id}", { params })),
    write: async (body: Schemas["WatchListBody"]) => answered(await http.PUT("/api/v1/watch-lists/{id}", { params, body })),
    onSuccess: saved,
  });
  const failed = make.error ?? replace.error;

  const read = bodyOf(draft);
  // Nobody is told that a name is due before they have had the time to type one.
  const own = asked ? (read.problems ?? NONE) : NONE;
  const problems = useMemo(() => withServices(own, failed), [own, failed]);

  const submit = () => {
    setAsked(true);
    if (read.body === undefined) return;
    if (list === null) make.mutate({ body: read.body });
    else replace.mutate(read.body);
  };

  return (
    <FormDialog
      wide
      title={list === null ? "New watch list" : `Edit ${list.name}`}
      submit={list === null ? "Make the list" : failed instanceof Outdated ? "Replace" : "Save"}
      isChanged={JSON.stringify(draft) !== JSON.stringify(before)}
      isBusy={make.isPending || replace.isPending}
      error={own.size > 0 ? "Something is not right yet: it is said at its field." : errorBeside(failed, [...problems.keys()])}
      onSubmit={submit}
      onClose={onClose}
    >
      <Field label="Name" hint="1 to 100 characters" error={problems.get("name")}>
        {(props) => (
          <Input autoFocus {...props} maxLength={100} value={draft.name} onChange={(event) => dispatch({ kind: "name", name: event.target.value })} />
        )}
      </Field>
      <AddObjects onAdd={(objects) => dispatch({ kind: "add", objects })} listed={draft.objects} error={problems.get("objects")} />
      <EditedObjects objects={draft.objects} problems={problems} dispatch={dispatch} />
    </FormDialog>
  );
}

/** What we found, else what the service did. */
function withServices(own: Problems, error: unknown): Problems {
  const found = fieldError(error);
  return found === undefined || own.size > 0 ? own : new Map([[found.field, found.said]]);
}

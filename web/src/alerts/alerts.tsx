"use client";

/** Alerts, as they come: what asks for an answer, and what was answered. */
import { X } from "lucide-react";
import { usePathname, useSearchParams } from "next/navigation";
import { Suspense, useId } from "react";

import { api, type Alert } from "@/api/client";
import { ObjectPicker } from "@/pick/object-picker";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ExportCsv, type CsvColumns } from "@/ui/export-csv";
import { Field, Select } from "@/ui/field";
import { PageHeader } from "@/ui/panel";
import { Empty, Loading, View } from "@/ui/state";
import { ObjectName } from "@/watch-lists/object-name";
import { AlertList, withChosen } from "./alert-list";
import { useFresh } from "./arrivals";
import { Detail } from "./detail";
import { address, alertIn, queryOf, readFilters, SEVERITIES, STATES, type Filters } from "./filters";

/** So many are listed at once. */
const AT_ONCE = 100;

const CSV: CsvColumns<Alert> = {
  id: ({ id }) => id,
  opened_utc: ({ opened }) => opened,
  severity: ({ severity }) => severity,
  state: ({ state }) => state,
  about: ({ subject }) => subject.kind,
  conjunction: ({ subject }) => (subject.kind === "conjunction" ? subject.conjunction : null),
  summary: ({ summary }) => summary,
  acknowledged_utc: ({ acknowledged }) => acknowledged,
  acknowledged_by: ({ acknowledged_by: by }) => by,
  escalated_utc: ({ escalated }) => escalated,
  muted_until_utc: ({ muted_until: until }) => until,
  resolved_utc: ({ resolved }) => resolved,
  resolved_by: ({ resolved_by: by }) => by,
};

export function Alerts() {
  return (
    <Suspense fallback={<Loading what="alerts" />}>
      <Page />
    </Suspense>
  );
}

function Page() {
  const search = useSearchParams();
  const filters = readFilters(search);
  const chosen = alertIn(usePathname(), search);
  const fresh = useFresh();
  const go = (to: Filters, id: string | null) => window.history.replaceState(null, "", address(to, id));

  const alerts = api.useInfiniteQuery(
    "get",
    "/api/v1/alerts",
    { params: { query: { ...queryOf(filters), limit: AT_ONCE } } },
    // Not undefined, which openapi-react-query takes for 0.
    { pageParamName: "cursor", initialPageParam: null, getNextPageParam: ({ next_cursor: next }) => next ?? undefined },
  );
  const one = api.useQuery("get", "/api/v1/alerts/{id}", { params: { path: { id: chosen ?? "" } } }, { enabled: chosen !== null });

  return (
    <div className="flex h-full flex-col">
      <PageHeader
        title="Alerts"
        actions={
          <>
            <Filter filters={filters} onChange={(to) => go(to, chosen)} />
            <ExportCsv name="alerts" rows={alerts.data?.pages.flatMap(({ items }) => items)} columns={CSV} hasMore={alerts.hasNextPage} />
          </>
        }
      />
      <div className="grid min-h-0 flex-1 gap-3 max-lg:grid-rows-2 lg:grid-cols-[minmax(20rem,2fr)_3fr]">
        <div className="flex min-h-0 flex-col">
          <View
            query={alerts}
            what="alerts"
            isEmpty={({ pages }) => pages.every(({ items }) => items.length === 0) && one.data === undefined}
            empty={<NoAlerts filters={filters} />}
          >
            {({ pages }) => (
              <AlertList
                alerts={withChosen(
                  pages.flatMap(({ items }) => items),
                  chosen === null ? undefined : one.data,
                )}
                chosen={chosen}
                fresh={fresh}
                onChoose={(id) => go(filters, id)}
              >
                {alerts.hasNextPage && (
                  <div className="p-2 text-center">
                    <Button size="small" disabled={alerts.isFetchingNextPage} onClick={() => void alerts.fetchNextPage()}>
                      Older alerts
                    </Button>
                  </div>
                )}
              </AlertList>
            )}
          </View>
        </div>
        {chosen === null ? (
          <div className="rounded-lg border border-dashed border-line max-lg:hidden">
            <Empty title="No alert is chosen">Choose one to see what it is about, and to answer it. Keys: ↑ ↓, Enter.</Empty>
          </div>
        ) : (
          <Detail key={chosen} id={chosen} onClose={() => go(filters, null)} />
        )}
      </div>
    </div>
  );
}

function NoAlerts({ filters }: { filters: Filters }) {
  const isUsual = filters.state === "open" && filters.severity === "info" && filters.object === undefined;
  return isUsual ? (
    <Empty title="Nothing waits for an answer">New alerts stand here as they come, without a reload.</Empty>
  ) : (
    <Empty title="No such alert">None is {STATES[filters.state].toLowerCase()} of what is asked for.</Empty>
  );
}

function Filter({ filters, onChange }: { filters: Filters; onChange: (filters: Filters) => void }) {
  const ids = useId();
  return (
    <div className="flex flex-wrap items-end gap-2">
      <Field label="State">
        {(props) => (
          <Select {...props} className="w-36" value={filters.state} onChange={(event) => onChange({ ...filters, state: keyOf(STATES, event.target.value, "open") })}>
            {Object.entries(STATES).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field label="Severity">
        {(props) => (
          <Select
            {...props}
            className="w-44"
            value={filters.severity}
            onChange={(event) => onChange({ ...filters, severity: keyOf(SEVERITIES, event.target.value, "info") })}
          >
            {Object.entries(SEVERITIES).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {filters.object === undefined ? (
        <div className="flex w-56 flex-col gap-1">
          <label htmlFor={ids} className="text-xs font-medium text-quiet">
            About object
          </label>
          <ObjectPicker id={ids} onPick={({ catalog_number: object }) => onChange({ ...filters, object })} />
        </div>
      ) : (
        <Badge tone="low">
          About <ObjectName number={filters.object} />
          <button type="button" aria-label="About any object" onClick={() => onChange({ ...filters, object: undefined })}>
            <X />
          </button>
        </Badge>
      )}
    </div>
  );
}

function keyOf<K extends string>(words: Record<K, string>, text: string, usual: K): K {
  const isKey = (key: string): key is K => Object.hasOwn(words, key);
  return isKey(text) ? text : usual;
}

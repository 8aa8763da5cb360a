"use client";

/** What a run could not screen, or not to the end of its window, and why. */
import Link from "next/link";
import type { Route } from "next";

import { api } from "@/api/client";
import { Time } from "@/time/time";
import { Button } from "@/ui/button";
import { csv, download } from "@/ui/csv";
import { View } from "@/ui/state";
import { Cell, Heading, Table } from "@/ui/table";
import { count } from "@/units/format";

/** More than these are in the file. */
const SHOWN = 100;

export function NotScreened({ run }: { run: string }) {
  const list = api.useQuery("get", "/api/v1/runs/{id}/not-screened", { params: { path: { id: run } } });
  return (
    <View query={list} what="what was not screened">
      {({ items }) => (
        <>
          <Table label="Not screened">
            <thead>
              <tr>
                <Heading>Object</Heading>
                <Heading>Not from</Heading>
                <Heading>Why</Heading>
              </tr>
            </thead>
            <tbody>
              {items.slice(0, SHOWN).map(({ catalog_number: number, from, reason }) => (
                <tr key={number}>
                  <Cell className="tabular-nums">
                    <Link href={`/object/?number=${number}` as Route} className="text-accent underline">
                      {number}
                    </Link>
                  </Cell>
                  <Cell>{from == null ? "at all" : <Time value={from} />}</Cell>
                  <Cell>{reason}</Cell>
                </tr>
              ))}
            </tbody>
          </Table>
          <p className="mt-2 flex items-center gap-2 text-quiet">
            {items.length > SHOWN && `${count(SHOWN)} of ${count(items.length)} are shown.`}
            <Button
              size="small"
              onClick={() =>
                download(
                  `not-screened-${run}.csv`,
                  csv(["catalog_number", "not_from_utc", "reason"], items.map(({ catalog_number: number, from, reason }) => [number, from, reason])),
                  "text/csv",
                )
              }
            >
              As CSV
            </Button>
          </p>
        </>
      )}
    </View>
  );
}

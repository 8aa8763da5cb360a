"use client";

/** Puts an object on a watch list. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Check, Eye } from "lucide-react";
import Link from "next/link";
import { DropdownMenu } from "radix-ui";

import { api, http, inWords } from "@/api/client";
import { answered } from "@/api/replace";
import { useMay } from "@/shell/session";
import { Button } from "@/ui/button";

export function Watch({ number }: { number: number }) {
  const may = useMay("write");
  const client = useQueryClient();
  const lists = api.useQuery("get", "/api/v1/watch-lists", {});
  const add = useMutation({
    mutationFn: async (id: string) => {
      const params = { path: { id } };
      // The whole list is sent: as it is now, with what others added since this page read it.
      const { name, objects } = answered(await http.GET("/api/v1/watch-lists/{id}", { params }));
      if (objects.some(({ catalog_number }) => catalog_number === number)) return;
      const body = { name, objects: [...objects, { catalog_number: number }] };
      answered(await http.PUT("/api/v1/watch-lists/{id}", { params, body }));
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["get", "/api/v1/watch-lists"] }),
  });
  const items = lists.data?.items ?? [];
  const holds = (list: (typeof items)[number]) => list.objects.some(({ catalog_number }) => catalog_number === number);
  const watched = items.filter(holds);
  const on = `On ${watched.length} watch list${watched.length === 1 ? "" : "s"}`;
  if (may === false) return watched.length === 0 ? null : <span className="text-quiet">{on}</span>;
  if (may === undefined) {
    return (
      <Button size="small" aria-disabled data-tip="It is not known yet what your role lets you do">
        <Eye /> Watch
      </Button>
    );
  }
  return (
    <>
      <DropdownMenu.Root>
        <DropdownMenu.Trigger asChild>
          <Button size="small">
            <Eye /> {watched.length === 0 ? "Watch" : on}
          </Button>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content align="end" className="z-50 min-w-52 rounded-md border border-line bg-panel p-1 shadow-lg">
            <DropdownMenu.Label className="px-2 py-1 text-xs text-quiet">Add to a watch list</DropdownMenu.Label>
            {items.map((list) => (
              <DropdownMenu.Item
                key={list.id}
                disabled={holds(list) || add.isPending}
                className="flex cursor-pointer items-center gap-2 rounded px-2 py-1 data-[disabled]:cursor-default data-[disabled]:text-quiet data-[highlighted]:bg-accent-soft"
                onSelect={() => add.mutate(list.id)}
              >
                {list.name}
                {holds(list) && <Check aria-label="is on it" className="ml-auto size-4" />}
              </DropdownMenu.Item>
            ))}
            <DropdownMenu.Item asChild className="rounded px-2 py-1 data-[highlighted]:bg-accent-soft">
              <Link href="/watch-lists" className="block text-accent">
                {items.length === 0 ? "No watch list yet: make one" : "All watch lists"}
              </Link>
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      {add.error !== null && (
        <span role="alert" className="text-high">
          Not added: {inWords(add.error)}
        </span>
      )}
    </>
  );
}

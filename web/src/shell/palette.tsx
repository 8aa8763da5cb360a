"use client";

/** The command palette: pages, objects by name or number, what can be done on the page, and settings of the view. */
import { keepPreviousData } from "@tanstack/react-query";
import { Command } from "cmdk";
import { useRouter } from "next/navigation";
import { Dialog as Radix } from "radix-ui";
import { useDeferredValue, useRef, useState, type KeyboardEvent } from "react";

import { api } from "@/api/client";
import { useZone } from "@/time/clock";
import { nameOf } from "@/units/words";
import { Kbd } from "./keys";
import { usePageActions } from "./page-actions";
import { PAGES, WELCOME } from "./pages";
import { useSingleKeys } from "./single-keys";
import { useTheme, type Theme } from "./theme";

const ITEM =
  "flex cursor-pointer items-center gap-2 rounded px-2 py-1.5 data-[selected=true]:bg-accent-soft data-[selected=true]:text-accent data-[disabled=true]:opacity-60 [&_svg]:size-4";
const GROUP = "[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-quiet";

/** Keys by which a person chooses; with Ctrl there are more. */
const MOVES: ReadonlySet<string> = new Set(["ArrowUp", "ArrowDown", "Home", "End"]);

/** What an object is called in the list. */
function valueOf({ catalog_number: number }: { catalog_number: number }): string {
  return `object ${number}`;
}

export function Palette({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const router = useRouter();
  const { setTheme } = useTheme();
  const { zone, setZone } = useZone();
  const { areOn } = useSingleKeys();
  const [text, setText] = useState("");
  const [chosen, choose] = useState("");
  const [isByHand, setByHand] = useState(false);
  const toDo = useRef<() => void>(undefined);
  const typed = text.trim();
  // The service may be asked later than pages are found: Enter is of what stands there.
  const wanted = useDeferredValue(typed);
  const objects = api.useQuery(
    "get",
    "/api/v1/objects",
    { params: { query: { search: wanted, limit: 8 } } },
    { enabled: open && wanted.length >= 2, placeholderData: keepPreviousData },
  );
  const found = wanted.length >= 2 ? (objects.data?.items ?? []) : [];
  // Of another text than the one that stands there: shown, but not to be opened.
  const isOld = objects.isPlaceholderData || wanted !== typed;

  const change = (to: string) => {
    setText(to);
    setByHand(false);
  };
  const close = () => {
    onOpenChange(false);
    change("");
  };
  const onKeyDown = ({ key, ctrlKey }: KeyboardEvent) => {
    if (ctrlKey || MOVES.has(key)) setByHand(true);
  };
  const run = (action: () => void) => () => {
    close();
    action();
  };
  // Something on the page: it may take the focus, which first goes back there.
  const doThen = (action: () => void) => () => {
    toDo.current = action;
    close();
  };
  const onCloseAutoFocus = () => {
    const action = toDo.current;
    toDo.current = undefined;
    if (action !== undefined) queueMicrotask(action);
  };
  const matches = (name: string) => name.toLowerCase().includes(typed.toLowerCase());
  const settings: [string, () => void][] = [
    ...(["light", "dark", "system"] as Theme[]).map((theme): [string, () => void] => [`Theme: ${theme}`, () => setTheme(theme)]),
    [zone === "utc" ? "Times: local" : "Times: UTC", () => setZone(zone === "utc" ? "local" : "utc")],
  ];

  const pages = [...PAGES, WELCOME].filter(({ name, about }) => matches(`${name} ${about}`));
  const actions = usePageActions().filter(({ name }) => matches(name));
  const views = settings.filter(([name]) => matches(name));
  const values = [...(isOld ? [] : found.map(valueOf)), ...pages.map(({ name }) => `page ${name}`), ...actions.map(({ name }) => `action ${name}`), ...views.map(([name]) => name)];
  // What the service finds comes after the list chose for the text: Enter opens the first of what is there, or what a person chose.
  const selected = isByHand && values.includes(chosen) ? chosen : (values[0] ?? "");

  return (
    <Radix.Root open={open} onOpenChange={(to) => (to ? onOpenChange(true) : close())}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/50" />
        <Radix.Content
          aria-describedby={undefined}
          onCloseAutoFocus={onCloseAutoFocus}
          className="fixed top-[12vh] left-1/2 z-50 w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 rounded-lg border border-line bg-panel shadow-xl"
        >
          <Radix.Title className="sr-only">Search</Radix.Title>
          {/* What is found in the service is in its order: only pages and settings are filtered here. */}
          <Command
            shouldFilter={false}
            label="Search"
            value={selected}
            onValueChange={choose}
            onKeyDown={onKeyDown}
            onPointerMove={() => setByHand(true)}
          >
            <Command.Input
              value={text}
              onValueChange={change}
              placeholder="Object by name or catalog number, or a page"
              className="h-11 w-full border-b border-line bg-transparent px-3 outline-none placeholder:text-quiet"
            />
            <Command.List className="max-h-[50vh] overflow-auto p-1">
              <Command.Empty className="px-3 py-4 text-quiet">{objects.isFetching ? "Searching" : "Nothing found"}</Command.Empty>
              {found.length > 0 && (
                <Command.Group heading="Objects" className={GROUP}>
                  {found.map((object) => (
                    <Command.Item
                      key={object.catalog_number}
                      value={valueOf(object)}
                      disabled={isOld}
                      className={ITEM}
                      onSelect={run(() => router.push(`/object?number=${object.catalog_number}`))}
                    >
                      {nameOf(object)}
                      <span className="ml-auto text-quiet tabular-nums">{object.catalog_number}</span>
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
              <Command.Group heading="Pages" className={GROUP}>
                {pages.map(({ path, name, about, key, icon: Icon }) => (
                  <Command.Item key={path} value={`page ${name}`} className={ITEM} onSelect={run(() => router.push(path))}>
                    <Icon aria-hidden />
                    {name}
                    <span className="truncate text-quiet">{about}</span>
                    <span className="ml-auto">{areOn && <Kbd>g {key}</Kbd>}</span>
                  </Command.Item>
                ))}
              </Command.Group>
              {/* After the pages: Enter at once does nothing that stays. */}
              {actions.length > 0 && (
                <Command.Group heading="This page" className={GROUP}>
                  {actions.map(({ key, name, run: action }) => (
                    <Command.Item key={key} value={`action ${name}`} className={ITEM} onSelect={doThen(action)}>
                      {name}
                      <span className="ml-auto">{areOn && <Kbd>{key}</Kbd>}</span>
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
              <Command.Group heading="View" className={GROUP}>
                {views.map(([name, action]) => (
                  <Command.Item key={name} value={name} className={ITEM} onSelect={run(action)}>
                    {name}
                  </Command.Item>
                ))}
              </Command.Group>
            </Command.List>
          </Command>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

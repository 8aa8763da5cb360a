"use client";

/** The stream for all pages: what it tells of is read anew, whoever else wants to know is told. */
import { useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";

import { api, type Run } from "@/api/client";
import { Gathering, readAnew } from "@/api/changed";
import { config } from "@/api/config";
import { Stream, type Connection, type Payload } from "./stream";

/** Beginnings of the paths whose answers an event makes old. */
const CHANGED: Record<string, readonly string[]> = {
  element_sets_stored: ["/api/v1/objects", "/api/v1/element-sets", "/api/v1/status"],
  ephemeris_stored: ["/api/v1/objects"],
  upload_stored: ["/api/v1/uploads"],
  run_started: ["/api/v1/runs", "/api/v1/status"],
  run_completed: ["/api/v1/runs", "/api/v1/status", "/api/v1/conjunctions"],
  run_failed: ["/api/v1/runs", "/api/v1/status"],
  conjunctions_changed: ["/api/v1/conjunctions"],
  conjunction_noted: ["/api/v1/conjunctions"],
  cdm_received: ["/api/v1/conjunctions"],
  alert_changed: ["/api/v1/alerts"],
  feed_asked: ["/api/v1/feeds"],
};

/** Slices that are done of runs that are on, by run: a screening and a run of ephemerides may be on at once. */
export type Progress = ReadonlyMap<string, number>;

/** Slices of a run that are done: as the stream told last, where it told of this run. */
export function slicesDone(run: Pick<Run, "id" | "slices_done">, progress: Progress): number {
  return progress.get(run.id) ?? run.slices_done;
}

const OVER: ReadonlySet<string> = new Set(["run_completed", "run_failed"]);

/** What is known of runs that are on, after an event. */
export function progressAfter(progress: Progress, { type, run, slices_done: done }: Payload): Progress {
  if (typeof run !== "string") return progress;
  if (type === "run_progressed" && typeof done === "number") return new Map(progress).set(run, done);
  if (!OVER.has(type) || !progress.has(run)) return progress;
  return new Map([...progress].filter(([id]) => id !== run));
}

interface StreamState {
  connection: Connection;
  /** Runs that are on, as far as the stream has told. */
  progress: Progress;
  /** Calls back at each event; what is returned stops that. */
  listen: (listener: (payload: Payload) => void) => () => void;
}

const NONE: Progress = new Map();
const Context = createContext<StreamState>({ connection: "connecting", progress: NONE, listen: () => () => undefined });

export function useStream(): StreamState {
  return useContext(Context);
}

/** Calls back at each event while the component is there. */
export function useStreamEvent(listener: (payload: Payload) => void): void {
  const { listen } = useStream();
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => listen((payload) => latest.current(payload)), [listen]);
}

async function address(): Promise<string> {
  const { api, stream } = await config();
  if (stream !== null) return stream;
  const base = new URL(api === "" ? location.origin : api);
  base.protocol = base.protocol === "https:" ? "wss:" : "ws:";
  return `${base.origin}/api/v1/stream`;
}

export function StreamProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [connection, setConnection] = useState<Connection>("connecting");
  const [progress, setProgress] = useState(NONE);
  const listeners = useRef(new Set<(payload: Payload) => void>());

  useEffect(() => {
    const old = new Gathering((beginning) => readAnew(client, [beginning]));
    let stream: Stream | undefined;
    let gone = false;
    const onEvent = (payload: Payload) => {
      setProgress((before) => progressAfter(before, payload));
      for (const beginning of CHANGED[payload.type] ?? []) old.add(beginning);
      for (const listener of listeners.current) listener(payload);
    };
    const onConnection = (now: Connection) => {
      setConnection(now);
      if (now !== "lost") return;
      // What the runs did since is not known; they may be over.
      setProgress(NONE);
      // The service ends it, too, when a session is over, or what somebody may do has changed.
      void readAnew(client, ["/api/v1/session"]);
    };
    const open = async () => {
      // As early as the pages read: what happens until the stream is live is told then, however late that is.
      const status = await client.ensureQueryData(api.queryOptions("get", "/api/v1/status", {})).catch(() => undefined);
      if (gone) return;
      const onReset = () => void readAnew(client, ["/"]);
      stream = new Stream(address, { onEvent, onReset, onConnection }, status?.position);
    };
    void open();
    return () => {
      gone = true;
      old.close();
      stream?.close();
    };
  }, [client]);

  const state = useMemo<StreamState>(
    () => ({
      connection,
      progress,
      listen: (listener) => {
        listeners.current.add(listener);
        return () => listeners.current.delete(listener);
      },
    }),
    [connection, progress],
  );
  return <Context value={state}>{children}</Context>;
}

/** Events of the service over its WebSocket: subscribed once, resumed after a lost connection. */
import { z } from "zod/mini";

export const TOPICS = ["catalog", "runs", "conjunctions", "alerts", "uploads", "feeds"] as const;

const EventMessage = z.object({
  position: z.number(),
  event: z.object({ payload: z.looseObject({ type: z.string() }) }),
});
const Subscribed = z.object({ subscribed: z.array(z.string()), position: z.number(), reset: z.boolean() });
const Message = z.union([EventMessage, Subscribed]);

/** What happened; `type` says what else is in it (`Payload` of crates/domain/src/event.rs). */
export type Payload = { type: string } & Record<string, unknown>;

export type Connection = "connecting" | "live" | "lost";

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/** So often the service is asked to answer, and so long it may take: a line that is dead says nothing by itself. */
const ASKED_EVERY_MS = 60_000;
const ANSWERED_WITHIN_MS = 15_000;
/** A connection that lived so long was a good one: the next wait is a short one again. */
const GOOD_AFTER_MS = 10_000;

export interface StreamListener {
  /** Something happened. */
  onEvent: (payload: Payload) => void;
  /** Events may be missing: whatever is kept must be read anew. */
  onReset: () => void;
  onConnection: (connection: Connection) => void;
}

/** Keeps a WebSocket open until it is closed. */
export class Stream {
  private socket: WebSocket | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** For the next question to a connection that is open, or for its answer. */
  private watch: ReturnType<typeof setTimeout> | undefined;
  private wait = FIRST_WAIT_MS;
  private closed = false;

  constructor(
    /** Where the service is; asked for at each attempt. */
    private readonly address: () => Promise<string>,
    private readonly listener: StreamListener,
    /** Position from which on events are missing; unknown: at the first answer, all that was read before may be old. */
    private position: number | undefined,
  ) {
    void this.open();
    globalThis.addEventListener?.("online", this.hurry);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.timer = undefined;
    globalThis.removeEventListener?.("online", this.hurry);
    this.socket?.close();
  }

  /** The network is back: there is no reason to wait any longer. */
  private readonly hurry = (): void => {
    if (this.timer === undefined) return;
    clearTimeout(this.timer);
    this.wait = FIRST_WAIT_MS;
    void this.open();
  };

  private async open(): Promise<void> {
    this.timer = undefined;
    let socket: WebSocket;
    try {
      const address = await this.address();
      if (this.closed) return;
      socket = new WebSocket(address);
    } catch {
      this.comeAgain(Date.now());
      return;
    }
    const opened = Date.now();
    this.socket = socket;
    const lose = () => {
      // Closing a dead line may take minutes: nothing more is expected of it.
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
      this.comeAgain(opened);
    };
    const ask = (after: { after?: number }) => {
      socket.send(JSON.stringify({ subscribe: TOPICS, ...after }));
      this.watch = setTimeout(lose, ANSWERED_WITHIN_MS);
    };
    socket.onopen = () => ask(this.position === undefined ? {} : { after: this.position });
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      clearTimeout(this.watch);
      // The same subscription again is answered, and costs the service no reading of what came before.
      this.watch = setTimeout(() => ask({}), ASKED_EVERY_MS);
      this.hear(data);
    };
    socket.onclose = lose;
  }

  private comeAgain(opened: number): void {
    this.socket = undefined;
    clearTimeout(this.watch);
    if (this.closed) return;
    if (Date.now() - opened > GOOD_AFTER_MS) this.wait = FIRST_WAIT_MS;
    this.listener.onConnection("lost");
    // Some chance in it, so that not all clients of a restarted server come at once.
    this.timer = setTimeout(() => void this.open(), this.wait * (0.75 + Math.random() / 2));
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
  }

  private hear(data: string): void {
    const parsed = Message.safeParse(JSON.parse(data));
    if (!parsed.success) return;
    const message = parsed.data;
    const isPlaceUnknown = this.position === undefined;
    this.position = message.position;
    if ("event" in message) {
      this.listener.onEvent(message.event.payload);
    } else {
      this.listener.onConnection("live");
      if (message.reset || isPlaceUnknown) this.listener.onReset();
    }
  }
}

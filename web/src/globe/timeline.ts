/** Which states are at hand: two around the time that is shown, and the next ones before they are due. */
import type { States } from "./messages";

type Role = "first" | "second" | "next";

function covers(from: States, to: States, timeMs: number): boolean {
  return timeMs >= Math.min(from.timeMs, to.timeMs) && timeMs <= Math.max(from.timeMs, to.timeMs);
}

export class Timeline {
  /** The states around the time that is shown; null until there are any. */
  from: States | null = null;
  to: States | null = null;
  private first: States | null = null;
  private next: States | null = null;
  private asked: { role: Role; timeMs: number } | null = null;
  private step = 10_000;
  private readonly spare: ArrayBuffer[] = [];

  constructor(
    private readonly ask: (timeMs: number, buffers: ArrayBuffer[]) => void,
    private readonly onChange: () => void,
  ) {}

  /** The catalog is another one: what was asked is not of use any more, and an answer to it may still come. */
  clear(): void {
    this.from = null;
    this.to = null;
    this.first = null;
    this.next = null;
    this.asked = null;
  }

  /** Asks for what is missing at a time, when the next states are `stepMs` (negative: before) after it. */
  want(timeMs: number, stepMs: number): void {
    this.step = stepMs;
    const { from, to, next } = this;
    if (from !== null && to !== null && covers(from, to, timeMs)) {
      if (this.asked === null && next === null) this.send("next", to.timeMs + stepMs);
    } else if (to !== null && next !== null && covers(to, next, timeMs)) {
      this.next = null;
      this.show(to, next);
    } else if (this.asked === null) {
      this.next = null;
      this.send("first", timeMs);
    }
  }

  hear(states: States): void {
    const { asked } = this;
    // An answer to what was asked of another catalog.
    if (asked === null || asked.timeMs !== states.timeMs) return;
    this.asked = null;
    if (asked.role === "first") {
      this.first = states;
      this.send("second", states.timeMs + this.step);
    } else if (asked.role === "next") {
      this.next = states;
      this.onChange();
    } else if (this.first !== null) {
      const first = this.first;
      this.first = null;
      this.show(first, states);
    }
  }

  private send(role: Role, timeMs: number): void {
    this.asked = { role, timeMs };
    this.ask(timeMs, this.spare.splice(0, 2));
  }

  private show(from: States, to: States): void {
    for (const old of [this.from, this.to]) {
      if (old === null || old === from || old === to) continue;
      // At most one pair is kept for the worker.
      if (this.spare.length === 0) this.spare.push(old.positionsKm.buffer, old.velocitiesKmS.buffer);
    }
    this.from = from;
    this.to = to;
    this.onChange();
  }
}

/** The time that the globe shows: it runs with a speed from where it was set. */

/** How many seconds of the globe pass in one second. */
export const SPEEDS = [-600, -60, 0, 1, 10, 60, 600] as const;
/** So long before a closest approach that is played, time runs as it does: at sixty times, the pass is over in one frame. */
export const SLOW_MS = 30_000;

const DAY_MS = 86_400_000;
export const BEFORE_MS = DAY_MS;
export const AFTER_MS = 7 * DAY_MS;

export class SimulationClock {
  private at: number;
  private since: number;
  private pace = 1;
  /** From the machine's time to the one that counts as now. */
  private readonly shift: number;
  /** A time that can be reached, too, though it is out of the range. */
  private reached: number | null = null;

  /** `presentMs` is what counts as now: with a catalog of the past, its time. */
  constructor(presentMs: number, nowMs: number) {
    this.shift = presentMs - nowMs;
    this.at = presentMs;
    this.since = nowMs;
  }

  get speed(): number {
    return this.pace;
  }

  present(nowMs: number): number {
    return nowMs + this.shift;
  }

  /** The time that is shown, within a day before and a week after now. */
  time(nowMs: number): number {
    return this.within(this.at + (nowMs - this.since) * this.pace, nowMs);
  }

  set(timeMs: number, nowMs: number): void {
    this.at = this.within(timeMs, nowMs);
    this.since = nowMs;
  }

  setSpeed(speed: number, nowMs: number): void {
    this.set(this.time(nowMs), nowMs);
    this.pace = speed;
  }

  /** First and last time that can be shown. */
  range(nowMs: number): readonly [number, number] {
    const present = this.present(nowMs);
    const [first, last] = [present - BEFORE_MS, present + AFTER_MS];
    return this.reached === null ? [first, last] : [Math.min(first, this.reached - BEFORE_MS / 24), Math.max(last, this.reached + BEFORE_MS / 24)];
  }

  /** Makes a time and the hours around it part of what can be shown. */
  reach(timeMs: number | null): void {
    this.reached = timeMs;
  }

  /** Slows down where a closest approach that is played comes near; whoever goes faster after that does so on purpose. */
  advance(nowMs: number): void {
    if (this.reached === null || this.pace <= 1) return;
    const gate = this.reached - SLOW_MS;
    const time = this.time(nowMs);
    if (this.at >= gate || time < gate) return;
    this.at = gate;
    this.since = nowMs - (time - gate) / this.pace;
    this.pace = 1;
  }

  private within(timeMs: number, nowMs: number): number {
    const [first, last] = this.range(nowMs);
    return Math.min(Math.max(timeMs, first), last);
  }
}

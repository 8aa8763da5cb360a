/** Times and spans in words. */
import type { Zone } from "./clock";

/** Seconds as people say them: `45 s`, `12 min`, `3.4 h`, `2.1 d`. */
export function span(seconds: number): string {
  const size = Math.abs(seconds);
  if (size < 90) return `${Math.round(size)} s`;
  if (size < 5_400) return `${Math.round(size / 60)} min`;
  if (size < 172_800) return `${(size / 3_600).toFixed(1)} h`;
  return `${(size / 86_400).toFixed(1)} d`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}

/** A countdown that keeps its width: `T−2d 03:04:05`, after it `T+00:00:10`. */
export function countdown(toMs: number, nowMs: number): string {
  const left = Math.trunc((toMs - nowMs) / 1_000);
  const size = Math.abs(left);
  const days = Math.floor(size / 86_400);
  const clock = `${two(Math.floor(size / 3_600) % 24)}:${two(Math.floor(size / 60) % 60)}:${two(size % 60)}`;
  return `T${left >= 0 ? "−" : "+"}${days > 0 ? `${days}d ` : ""}${clock}`;
}

function local(time: Date, digits: number): string {
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  const parts = digits > 0 ? `.${String(time.getMilliseconds()).padStart(3, "0").slice(0, digits)}` : "";
  const offset = -time.getTimezoneOffset();
  const zone = `${offset < 0 ? "−" : "+"}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${date} ${clock}${parts} ${zone}`;
}

/** A time with its zone: `2026-11-29 17:04:05 UTC`, or the local one with its offset. */
export function time(text: string | number | Date, zone: Zone, digits: 0 | 1 | 3 = 0): string {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return "unknown";
  if (zone === "local") return local(date, digits);
  const iso = date.toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, digits > 0 ? 20 + digits : 19)} UTC`;
}

/** A time to the minute, for columns whose heading names the zone: `2026-11-29 17:04`. */
export function minute(text: string, zone: Zone): string {
  return time(text, zone).slice(0, 16);
}

/** How long ago: `12 min ago`; of what is to come: `in 12 min`. */
export function ago(text: string, nowMs: number): string {
  const seconds = (nowMs - Date.parse(text)) / 1_000;
  return seconds >= 0 ? `${span(seconds)} ago` : `in ${span(seconds)}`;
}

"use client";

/** What an alert is about, in words that lead there. */
import Link from "next/link";

import { api, inWords, statusOf, type Alert } from "@/api/client";
import { Countdown, Time } from "@/time/time";
import { namesOf, Risk } from "@/today/event-rows";
import { distance } from "@/units/format";
import { ObjectName } from "@/watch-lists/object-name";

type Subject = Alert["subject"];

const LINK = "font-medium text-accent hover:underline";

export function SubjectInWords({ subject }: { subject: Subject }) {
  switch (subject.kind) {
    case "conjunction":
      return (
        <>
          <Encounter id={subject.conjunction} /> <ByRule id={subject.rule} />
        </>
      );
    case "messages":
      return (
        <>
          <p>
            An approach of{" "}
            {subject.objects.map((number, place) => (
              <span key={number}>
                {place > 0 && " and "}
                <Link href={`/object?number=${number}`} className={LINK}>
                  <ObjectName number={number} />
                </Link>
              </span>
            ))}{" "}
            at <Time value={subject.tca} />, which messages of others tell of and our own screening does not find.
          </p>
          <ByRule id={subject.rule} />
        </>
      );
    case "feed":
      return (
        <p>
          The feed{" "}
          <Link href="/feeds" className={LINK}>
            {subject.feed}
          </Link>{" "}
          fails, or has sent nothing new for too long. What it sent last stays in use, and grows old.
        </p>
      );
    case "no_screening":
      return (
        <p>
          No screening has completed for too long:{" "}
          <Link href="/feeds" className={LINK}>
            runs
          </Link>
          . The events that are shown are of the last one.
        </p>
      );
    case "stale_catalog":
      return (
        <p>
          The newest data of the catalog is too old:{" "}
          <Link href="/feeds" className={LINK}>
            feeds
          </Link>
          . Predictions grow worse with each day.
        </p>
      );
    case "undelivered":
      return <p>Messages about alerts were given up: what hinders each stands at the alert that it is of.</p>;
  }
}

function Encounter({ id }: { id: string }) {
  const event = api.useQuery("get", "/api/v1/conjunctions/{id}", { params: { path: { id } } });
  if (event.data === undefined) {
    return (
      <p>
        <Link href={`/event?id=${id}`} className={LINK}>
          The event
        </Link>
        {statusOf(event.error) === 404 && " is not kept any more."}
      </p>
    );
  }
  return (
    <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
      <Link href={`/event?id=${id}`} className={LINK}>
        {namesOf(event.data)}
      </Link>
      <span>
        {event.data.status === "active" ? <Countdown to={event.data.tca} /> : event.data.status}, <Time value={event.data.tca} />
      </span>
      <span className="tabular-nums">{distance(event.data.miss_distance_km)}</span>
      <Risk row={event.data} />
    </p>
  );
}

function ByRule({ id }: { id: string }) {
  const rules = api.useQuery("get", "/api/v1/rules", {});
  const rule = rules.data?.items.find((one) => one.id === id);
  if (rules.data !== undefined && rule === undefined) return <p className="text-quiet">The rule that raised it was removed.</p>;
  return (
    <p className="text-quiet">
      Raised by the rule{" "}
      <Link href={`/rules?id=${id}`} className={LINK}>
        {rule?.name ?? (rules.error === null ? "…" : id)}
      </Link>
      {rule === undefined && rules.error !== null && `, whose name cannot be read: ${inWords(rules.error)}`}
    </p>
  );
}

"use client";

/** The object that is selected: where it is, what it is, what comes close to it. */
import { Locate, X } from "lucide-react";
import type { Route } from "next";
import Link from "next/link";

import { api } from "@/api/client";
import { placeInWords } from "@/earth/frames";
import { Countdown, Time } from "@/time/time";
import { Badge, RiskBadge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Fact, Facts } from "@/ui/panel";
import { Empty, View } from "@/ui/state";
import { distance, speed } from "@/units/format";
import { leading, nameOf } from "@/units/words";
import { KIND_WORDS, REGIMES, REGIME_WORDS } from "./classes";
import type { Flight } from "./engine";
import type { Population } from "./filter";
import { useStore, type Store } from "./store";

interface SelectedProps {
  number: number;
  population: Population;
  flight: Store<Flight | null>;
  /** Only what comes after this time is to come. */
  presentMs: number;
  following: boolean;
  onFollow: (follow: boolean) => void;
  onClose: () => void;
}

const COMING = 4;

export function Selected({ number, population: { catalog, places }, flight, presentMs, following, onFollow, onClose }: SelectedProps) {
  const object = api.useQuery("get", "/api/v1/objects/{number}", { params: { path: { number } } });
  const place = places.get(number);
  const regime = REGIMES[catalog.regimes[place ?? -1] ?? -1];
  const name = object.data === undefined ? (catalog.names[place ?? -1] ?? `Object ${number}`) : nameOf(object.data);
  return (
    <section aria-label="Selected object" className="border-b border-line p-3">
      <header className="mb-1.5 flex items-center gap-1">
        <h2 className="min-w-0 truncate font-semibold">{name}</h2>
        <span className="text-quiet tabular-nums">{number}</span>
        <Button
          kind="ghost"
          size="icon"
          className="ml-auto size-7"
          aria-pressed={following}
          aria-label="Follow it"
          data-tip={following ? "Back to the Earth" : "Keep it in the middle"}
          onClick={() => onFollow(!following)}
        >
          <Locate className={following ? "text-accent" : undefined} />
        </Button>
        <Button kind="ghost" size="icon" className="size-7" aria-label="Select nothing" onClick={onClose}>
          <X />
        </Button>
      </header>
      <Where flight={flight} inCatalog={place !== undefined} />
      <View query={object} what="object">
        {(data) => (
          <Facts>
            <Fact name="Kind">
              {KIND_WORDS[data.kind].name}
              {data.owner != null && `, ${data.owner}`} {regime !== undefined && <Badge tip={REGIME_WORDS[regime].means}>{REGIME_WORDS[regime].name}</Badge>}
            </Fact>
            {data.perigee_km != null && data.apogee_km != null && (
              <Fact name="Perigee × apogee">
                {distance(data.perigee_km)} × {distance(data.apogee_km)}
              </Fact>
            )}
            {data.inclination_deg != null && data.period_min != null && (
              <Fact name="Inclination, period">
                {data.inclination_deg.toFixed(2)}°, {data.period_min.toFixed(1)} min
              </Fact>
            )}
            {data.epoch != null && (
              <Fact name="Epoch">
                <Time value={data.epoch} />
              </Fact>
            )}
          </Facts>
        )}
      </View>
      <Coming number={number} presentMs={presentMs} />
      <Link href={`/object?number=${number}` as Route} className="text-accent hover:underline">
        All about this object
      </Link>
    </section>
  );
}

function Where({ flight, inCatalog }: { flight: Store<Flight | null>; inCatalog: boolean }) {
  const now = useStore(flight);
  if (!inCatalog) return <p className="mb-1.5 text-elevated">It has no current element set: there is nothing to draw.</p>;
  if (now === null) return <p className="mb-1.5 text-quiet">No position at this time.</p>;
  return (
    <dl className="mb-2 grid grid-cols-[auto_auto_1fr] gap-4 rounded-md bg-raised px-2 py-1.5 tabular-nums">
      <Reading name="Altitude">{distance(now.altitude_km)}</Reading>
      <Reading name="Speed">{speed(now.speed_km_s)}</Reading>
      <Reading name="Over">{placeInWords(now)}</Reading>
    </dl>
  );
}

function Reading({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-xs text-quiet">{name}</dt>
      <dd className="font-medium whitespace-nowrap">{children}</dd>
    </div>
  );
}

function Coming({ number, presentMs }: { number: number; presentMs: number }) {
  const conjunctions = api.useQuery("get", "/api/v1/conjunctions", {
    params: { query: { object: number, status: "active", relation: false, sort: "tca", tca_from: new Date(presentMs).toISOString(), limit: COMING } },
  });
  return (
    <div className="my-2">
      <h3 className="mb-1 text-xs font-medium text-quiet">Next conjunctions</h3>
      <View
        query={conjunctions}
        what="conjunctions"
        isEmpty={({ items }) => items.length === 0}
        empty={<Empty title="None to come">Nothing is found to come close to it in what was screened.</Empty>}
      >
        {({ items }) => (
          <ul className="flex flex-col gap-1">
            {items.map((row) => {
              const other = row.objects.find((one) => one.catalog_number !== number);
              return (
                <li key={row.id} className="flex items-center gap-2">
                  <span className="w-28 shrink-0">
                    <Countdown to={row.tca} />
                  </span>
                  <Link href={`/globe?event=${row.id}` as Route} className="min-w-0 truncate hover:underline" data-tip="Play it around its closest approach">
                    {other === undefined ? "unknown" : nameOf(other)}
                  </Link>
                  <span className="ml-auto whitespace-nowrap tabular-nums">{distance(row.miss_distance_km)}</span>
                  <RiskBadge value={leading(row)} maximum={row.probability == null} />
                </li>
              );
            })}
          </ul>
        )}
      </View>
    </div>
  );
}

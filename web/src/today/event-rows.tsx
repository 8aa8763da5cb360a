"use client";

/** A few events, each a line that leads to it. */
import Link from "next/link";
import type { ReactNode } from "react";

import type { Conjunction } from "@/api/client";
import { useZone } from "@/time/clock";
import { time } from "@/time/format";
import { Countdown, Time } from "@/time/time";
import { RiskBadge } from "@/ui/badge";
import { TipsInside } from "@/ui/tip";
import { distance } from "@/units/format";
import { leading, nameOf } from "@/units/words";

export function namesOf(row: Pick<Conjunction, "objects">): string {
  return row.objects.map(nameOf).join(" – ");
}

/** The probability to go by of an event. */
export function Risk({ row }: { row: Pick<Conjunction, "probability" | "maximum_probability"> }) {
  return <RiskBadge value={leading(row)} maximum={row.probability === null || row.probability === undefined} />;
}

interface EventRowsProps {
  label: string;
  rows: Conjunction[];
  /** A last column. */
  more?: { title: string; of: (row: Conjunction) => ReactNode };
}

export function EventRows({ label, rows, more }: EventRowsProps) {
  const { zone } = useZone();
  const head = "px-1.5 pb-1 text-left text-xs font-medium whitespace-nowrap text-quiet";
  return (
    <table aria-label={label} className="w-full table-fixed">
      <thead>
        <tr>
          <th scope="col" className={`${head} w-32`}>
            To TCA
          </th>
          <th scope="col" className={head}>
            Objects
          </th>
          <th scope="col" className={`${head} w-20 text-right`}>
            Miss
          </th>
          <th scope="col" className={`${head} w-32`}>
            Probability
          </th>
          {more !== undefined && (
            <th scope="col" className={`${head} w-28`}>
              {more.title}
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id} className="relative h-[26px] hover:bg-raised">
            <td className="px-1.5 whitespace-nowrap">
              <Countdown to={row.tca} />
              <span className="sr-only">
                {" "}
                at <Time value={row.tca} />
              </span>
            </td>
            <td className="truncate px-1.5">
              {/* All of the row is the link. */}
              <Link href={`/event?id=${row.id}`} className="font-medium after:absolute after:inset-0 hover:underline" data-tip={`${namesOf(row)}\nTCA ${time(row.tca, zone)}`}>
                {namesOf(row)}
              </Link>
            </td>
            <td className="px-1.5 text-right whitespace-nowrap tabular-nums">{distance(row.miss_distance_km)}</td>
            <td className="px-1.5">
              <TipsInside>
                <Risk row={row} />
              </TipsInside>
            </td>
            {more !== undefined && <td className="truncate px-1.5">{more.of(row)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

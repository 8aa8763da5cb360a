"use client";

/** Messages about an alert: to whom, and what hinders them. */
import { api, type Schemas } from "@/api/client";
import { useNames } from "@/rules/names";
import { channelInWords } from "@/rules/sentence";
import { Ago } from "@/time/time";
import { Badge, type Tone } from "@/ui/badge";
import { ExportCsv, type CsvColumns } from "@/ui/export-csv";
import { View } from "@/ui/state";

type Delivery = Schemas["DeliveryRow"];

/** So often it is asked what became of messages that are on their way. */
const ASK_MS = 5_000;

const STATES: Record<Delivery["state"], { words: string; tone: Tone }> = {
  due: { words: "on its way", tone: "low" },
  delivered: { words: "delivered", tone: "good" },
  failed: { words: "given up", tone: "high" },
};

function csvColumns(to: (delivery: Delivery) => string): CsvColumns<Delivery> {
  return {
    id: ({ id }) => id,
    about: ({ change }) => change,
    to,
    state: ({ state }) => state,
    attempts: ({ attempts }) => attempts,
    next_attempt_utc: ({ next_attempt }) => next_attempt,
    problem: ({ problem }) => problem,
  };
}

export function Deliveries({ alert }: { alert: string }) {
  const names = useNames();
  const deliveries = api.useQuery(
    "get",
    "/api/v1/alerts/{id}/deliveries",
    { params: { path: { id: alert } } },
    // The stream tells of the alert, and not of what became of a message about it.
    { refetchInterval: ({ state }) => (state.data?.items.some(({ state }) => state === "due") === true ? ASK_MS : false) },
  );
  return (
    <View
      query={deliveries}
      what="messages"
      isEmpty={({ items }) => items.length === 0}
      empty={<p className="text-quiet">No message was sent: the rule names nobody to be told, or it is about the service itself.</p>}
    >
      {({ items }) => (
        <>
          <table aria-label="Messages" className="w-full">
            <thead>
              <tr className="text-left text-xs text-quiet">
                <th scope="col" className="pr-3 font-medium">
                  About
                </th>
                <th scope="col" className="pr-3 font-medium">
                  To
                </th>
                <th scope="col" className="pr-3 font-medium">
                  State
                </th>
                <th scope="col" className="font-medium">
                  Attempts
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((delivery) => (
                <Row key={delivery.id} delivery={delivery} to={channelInWords(delivery.channel, names)} />
              ))}
            </tbody>
          </table>
          <ExportCsv name="messages of the alert" rows={items} columns={csvColumns(({ channel }) => channelInWords(channel, names))} />
        </>
      )}
    </View>
  );
}

function Row({ delivery, to }: { delivery: Delivery; to: string }) {
  const { words, tone } = STATES[delivery.state];
  return (
    <>
      <tr className="align-top">
        <td className="pr-3">{delivery.change}</td>
        <td className="pr-3 break-all">{to}</td>
        <td className="pr-3">
          <Badge tone={tone}>{words}</Badge>
        </td>
        <td className="tabular-nums">
          {delivery.attempts}
          {delivery.state === "due" && (
            <span className="text-quiet">
              , next <Ago value={delivery.next_attempt} />
            </span>
          )}
        </td>
      </tr>
      {delivery.problem != null && (
        <tr>
          <td colSpan={4} className={delivery.state === "failed" ? "pb-1 text-high" : "pb-1 text-elevated"}>
            {delivery.problem}
          </td>
        </tr>
      )}
    </>
  );
}

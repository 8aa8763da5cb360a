import { RiskBadge } from "@/ui/badge";

/** The bands of risk, each told by a probability that lies in it. */
const BANDS = [
  { probability: 1e-4, means: "and more: high. Where operators plan a maneuver." },
  { probability: 1e-7, means: "to 1e-4: elevated. Watched, and asked for better data." },
  { probability: 1e-8, means: "and all below 1e-7: low." },
] as const;

export function Thresholds() {
  return (
    <>
      <ul className="flex flex-col gap-1.5">
        {BANDS.map(({ probability, means }) => (
          <li key={probability} className="flex items-center gap-2">
            <RiskBadge value={probability} />
            {means}
          </li>
        ))}
      </ul>
      <p className="mt-3 text-quiet">
        After NASA CARA, which uses them on probabilities with covariances. A maximum (≤) lies above them far more often: it says where to look, not what to
        do. Watch lists and rules take thresholds of your own.
      </p>
    </>
  );
}

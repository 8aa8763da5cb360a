"use client";

/** What is wrong with a file, place by place, with the file's own lines beside it. */
import { useQuery } from "@tanstack/react-query";

import { inWords } from "@/api/client";
import { ExportCsv, type CsvColumns } from "@/ui/export-csv";
import { linesOf } from "./lines";
import { placeInWords, placeOf } from "./place";

interface ProblemsProps {
  /** Name of the file. */
  name: string;
  problems: readonly string[];
  /** Where the file is had from, and what it is known by; without it, no lines are shown. */
  file?: { key: string; read: () => Promise<Blob> } | undefined;
}

const CSV: CsvColumns<ReturnType<typeof placeOf>> = {
  place: (place) => placeInWords(place),
  problem: ({ said }) => said,
};

export function Problems({ name, problems, file }: ProblemsProps) {
  const places = problems.map((problem) => placeOf(problem, name));
  const numbers = new Set(places.flatMap(({ line }) => (line === undefined ? [] : [line])));
  const lines = useQuery({
    queryKey: ["lines", file?.key ?? "", [...numbers]],
    queryFn: async () => linesOf((await file?.read()) ?? new Blob(), numbers),
    enabled: file !== undefined && numbers.size > 0,
    staleTime: Infinity,
    retry: false,
  });
  return (
    <>
      <div className="flex justify-end">
        <ExportCsv name={`problems of ${name}`} rows={places} columns={CSV} />
      </div>
      <table aria-label={`Problems of ${name}`} className="w-full">
        <thead className="sr-only">
          <tr>
            <th scope="col">Place</th>
            <th scope="col">What is wrong</th>
          </tr>
        </thead>
        <tbody>
          {places.map((place, index) => {
            const line = place.line === undefined ? undefined : lines.data?.get(place.line);
            return (
              // The same problem may be said of two places that look alike.
              <tr key={index} className="border-b border-line align-top last:border-b-0">
                <th scope="row" className="w-36 py-1 pr-3 text-left font-medium whitespace-nowrap">
                  {placeInWords(place)}
                </th>
                <td className="min-w-0 py-1">
                  <p>{place.said}</p>
                  {line !== undefined && (
                    <pre className="mt-0.5 overflow-x-auto rounded bg-raised px-2 py-0.5 font-mono text-xs" tabIndex={0} aria-label={`Line ${place.line} of the file`}>
                      <span aria-hidden className="mr-3 text-quiet select-none">
                        {place.line}
                      </span>
                      {line === "" ? " " : line}
                    </pre>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {lines.error !== null && <p className="mt-1 text-xs text-quiet">The lines of the file cannot be shown: {inWords(lines.error)}</p>}
    </>
  );
}

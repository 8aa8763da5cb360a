/** The filter of the audit log, in the address and in requests. */

export const FIELDS = ["by", "action", "target", "from", "until"] as const;

export type Filter = Partial<Record<(typeof FIELDS)[number], string>>;

export function filterOf(query: URLSearchParams): Filter {
  const filter: Filter = {};
  for (const field of FIELDS) {
    const value = query.get(field)?.trim();
    if (value !== undefined && value !== "") filter[field] = value;
  }
  return filter;
}

/** A day as the service takes times: from its begin, or until its end. */
function day(text: string, endOfIt: boolean): string | undefined {
  const time = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(time)) return undefined;
  return new Date(time + (endOfIt ? 86_400_000 : 0)).toISOString();
}

/** What the service is asked for; days that are none are left out. */
export function queryOf({ from, until, ...rest }: Filter): Filter {
  const begin = from === undefined ? undefined : day(from, false);
  const end = until === undefined ? undefined : day(until, true);
  return { ...rest, ...(begin === undefined ? {} : { from: begin }), ...(end === undefined ? {} : { until: end }) };
}

/** The catalog as the service sends it: orbit mean-elements messages in CSV, a header line and one line for each object. */

/** A type, not an interface: satellite.js wants an index signature, which it has by that. */
export type MeanElements = {
  OBJECT_NAME: string;
  OBJECT_ID: string;
  EPOCH: string;
  MEAN_MOTION: string;
  ECCENTRICITY: string;
  INCLINATION: string;
  RA_OF_ASC_NODE: string;
  ARG_OF_PERICENTER: string;
  MEAN_ANOMALY: string;
  NORAD_CAT_ID: string;
  ELEMENT_SET_NO: string;
  BSTAR: string;
  MEAN_MOTION_DOT: string;
  MEAN_MOTION_DDOT: string;
};

const COLUMNS = [
  "OBJECT_NAME",
  "OBJECT_ID",
  "EPOCH",
  "MEAN_MOTION",
  "ECCENTRICITY",
  "INCLINATION",
  "RA_OF_ASC_NODE",
  "ARG_OF_PERICENTER",
  "MEAN_ANOMALY",
  "NORAD_CAT_ID",
  "ELEMENT_SET_NO",
  "BSTAR",
  "MEAN_MOTION_DOT",
  "MEAN_MOTION_DDOT",
] as const satisfies readonly (keyof MeanElements)[];

/** Fields of a line of CSV (RFC 4180). Lines without quotes, which nearly all are, are only split. */
function fieldsOf(line: string): string[] {
  if (!line.includes('"')) return line.split(",");
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "");
}

/** The element sets of a catalog in CSV. A column that is due and not there is an error. */
export function readOmmCsv(text: string): MeanElements[] {
  const lines = text.split(/\r?\n/);
  const header = fieldsOf(lines[0] ?? "");
  const places = COLUMNS.map((name) => {
    const place = header.indexOf(name);
    if (place < 0) throw new Error(`the catalog has no column ${name}`);
    return place;
  });
  const rows: MeanElements[] = [];
  for (const line of lines.slice(1)) {
    if (line === "") continue;
    const fields = fieldsOf(line);
    const at = (column: number) => fields[places[column] ?? -1] ?? "";
    rows.push({
      OBJECT_NAME: at(0),
      OBJECT_ID: at(1),
      EPOCH: at(2),
      MEAN_MOTION: at(3),
      ECCENTRICITY: at(4),
      INCLINATION: at(5),
      RA_OF_ASC_NODE: at(6),
      ARG_OF_PERICENTER: at(7),
      MEAN_ANOMALY: at(8),
      NORAD_CAT_ID: at(9),
      ELEMENT_SET_NO: at(10),
      BSTAR: at(11),
      MEAN_MOTION_DOT: at(12),
      MEAN_MOTION_DDOT: at(13),
    });
  }
  return rows;
}

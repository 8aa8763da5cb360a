"use client";

import { FileDown } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useState } from "react";

import { http, type Conjunction } from "@/api/client";
import { pair } from "@/conjunctions/pair";
import { Button } from "@/ui/button";
import { download } from "@/ui/csv";
import { Dialog } from "@/ui/dialog";
import { Failure } from "@/ui/state";
import { RawText } from "./raw-text";

type Format = "kvn" | "xml" | "json";

const FORMATS: Record<Format, { name: string; ending: string; type: string }> = {
  kvn: { name: "KVN (CCSDS 508.0-B-1)", ending: "cdm", type: "text/plain" },
  xml: { name: "XML (NDM)", ending: "xml", type: "application/xml" },
  json: { name: "JSON (as Space-Track has it)", ending: "json", type: "application/json" },
};

/** The name of the file: `CDM-45179-46048-20241108T065638Z.cdm`. */
export function cdmName({ objects, tca }: Pick<Conjunction, "objects" | "tca">, format: Format): string {
  const [one, other] = pair(objects);
  const when = tca.slice(0, 19).replaceAll(/[-:]/g, "");
  return `CDM-${one.catalog_number}-${other.catalog_number}-${when}Z.${FORMATS[format].ending}`;
}

async function read(id: string, format: Format): Promise<string> {
  const { data, error } = await http.GET("/api/v1/conjunctions/{id}/cdm", {
    params: { path: { id }, query: { format } },
    headers: { accept: "*/*" },
    parseAs: "text",
  });
  if (error !== undefined) throw error;
  return data;
}

/** Our solution as a conjunction data message: to download, or to read. */
export function CdmMenu({ conjunction }: { conjunction: Conjunction }) {
  const [error, setError] = useState<unknown>(null);
  const [text, setText] = useState<string | null>(null);
  const get = (format: Format, then: (content: string) => void) => {
    setError(null);
    read(conjunction.id, format).then(then, setError);
  };
  const item = "block w-full cursor-pointer rounded px-2 py-1 data-[highlighted]:bg-accent-soft data-[highlighted]:text-accent";
  return (
    <>
      <DropdownMenu.Root>
        <DropdownMenu.Trigger asChild>
          <Button>
            <FileDown />
            CDM
          </Button>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content align="end" sideOffset={4} className="z-40 min-w-48 rounded-md border border-line bg-panel p-1 shadow-lg">
            {(["kvn", "xml", "json"] as const).map((format) => (
              <DropdownMenu.Item
                key={format}
                className={item}
                onSelect={() => get(format, (content) => download(cdmName(conjunction, format), content, FORMATS[format].type))}
              >
                Download as {FORMATS[format].name}
              </DropdownMenu.Item>
            ))}
            <DropdownMenu.Separator className="my-1 h-px bg-line" />
            <DropdownMenu.Item className={item} onSelect={() => get("kvn", setText)}>
              Read it here
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      <Dialog
        open={text !== null || error !== null}
        onOpenChange={() => {
          setText(null);
          setError(null);
        }}
        title="Conjunction data message"
        wide
      >
        {error !== null ? <Failure error={error} what="the message" /> : <RawText label="Conjunction data message" text={text ?? ""} />}
      </Dialog>
    </>
  );
}

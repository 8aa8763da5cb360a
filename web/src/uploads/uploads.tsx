"use client";

/** Files of one's own: ephemerides, element sets, conjunction messages. */
import { May } from "@/shell/may";
import { PageHeader } from "@/ui/panel";
import { Drop } from "./drop";
import { History } from "./history";
import { SentFile } from "./sent-file";
import { useSent } from "./sent";

export function Uploads() {
  const { sent, give, forget } = useSent();
  return (
    <div className="flex flex-col gap-3">
      <PageHeader
        title="Uploads"
        note="A file with anything wrong in it is refused whole, with every problem and its place. What is taken is yours alone: only your organization sees it."
      />
      <May scope="write" otherwise={<p className="text-quiet">Your role does not let you upload files.</p>}>
        <Drop
          label="Drop files here"
          hint="OMM, TLE, OEM, OPM or CDM, in any notation, at most 64 MB each (as received and unpacked, gzip is fine). The kind is recognized."
          multiple
          onFiles={(files) => give(files)}
        />
      </May>
      {sent.length > 0 && (
        <ul aria-label="Files given now" className="flex flex-col gap-2">
          {sent.map((one) => (
            <SentFile
              key={one.key}
              sent={one}
              onAgain={(object) => {
                forget(one.key);
                give([one.file], object);
              }}
              onForget={() => forget(one.key)}
            />
          ))}
        </ul>
      )}
      <History />
    </div>
  );
}

"use client";

/** A file that was given: on its way, taken, or refused with all that is wrong. */
import { CircleAlert, CircleCheck, LoaderCircle, X } from "lucide-react";

import { inWords } from "@/api/client";
import { ObjectPicker } from "@/pick/object-picker";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { bytes, count } from "@/units/format";
import { asksForObject } from "./place";
import { Problems } from "./problems";
import type { Answer } from "./send";
import type { Sent } from "./sent";
import { usedInWords } from "./used";

interface SentFileProps {
  sent: Sent;
  onAgain: (object?: number) => void;
  onForget: () => void;
}

export function SentFile({ sent, onAgain, onForget }: SentFileProps) {
  const { file, answer } = sent;
  return (
    <li aria-label={file.name} className="rounded-lg border border-line bg-panel">
      <div className="flex items-center gap-2 px-3 py-1.5">
        <p role="status" className="flex min-w-0 flex-1 items-center gap-2">
          <Verdict answer={answer} />
          <span className="truncate font-medium">{file.name}</span>
          <span className="text-quiet tabular-nums">{bytes(file.size)}</span>
          {sent.object !== undefined && <span className="text-quiet">as object {sent.object}</span>}
        </p>
        {answer !== undefined && (
          <Button kind="ghost" size="icon" className="size-7" aria-label={`Close ${file.name}`} onClick={onForget}>
            <X />
          </Button>
        )}
      </div>
      {answer !== undefined && <Details sent={sent} answer={answer} onAgain={onAgain} />}
    </li>
  );
}

function Verdict({ answer }: { answer: Answer | undefined }) {
  const icon = "size-4 shrink-0";
  if (answer === undefined) {
    return (
      <>
        <LoaderCircle aria-hidden className={`${icon} animate-spin text-quiet`} />
        <span className="text-quiet">Sending and reading</span>
      </>
    );
  }
  if (answer.state === "accepted") {
    return (
      <span className="inline-flex items-center gap-1.5 text-good">
        <CircleCheck aria-hidden className={icon} />
        Accepted
      </span>
    );
  }
  return (
    <span className="inline-flex items-center gap-1.5 text-high">
      <CircleAlert aria-hidden className={icon} />
      {answer.state === "rejected" ? `Rejected, ${answer.problems.length === 1 ? "1 problem" : `${count(answer.problems.length)} problems`}` : "Not sent"}
    </span>
  );
}

function Details({ sent, answer, onAgain }: { sent: Sent; answer: Answer; onAgain: (object?: number) => void }) {
  const { file } = sent;
  const shown = { key: `sent-${sent.key}`, read: () => Promise.resolve<Blob>(file) };
  return (
    <div className="border-t border-line px-3 py-2">
      {answer.state === "accepted" && (
        <>
          <p>
            {answer.upload.kind ?? "Message"}: {usedInWords(answer.upload)}.
          </p>
          {answer.upload.problems.length > 0 && <Problems name={file.name} problems={answer.upload.problems} />}
        </>
      )}
      {answer.state === "rejected" && (
        <>
          <p className="mb-1 text-quiet">Nothing of it is used. Mend what is listed, and give it again.</p>
          {asksForObject(answer.problems) && (
            <Field label="Which object is it?" hint="It is sent again as the ephemeris of this object" className="mb-2 max-w-sm">
              {({ id, ...described }) => <ObjectPicker id={id} {...described} onPick={(object) => onAgain(object.catalog_number)} />}
            </Field>
          )}
          <Problems name={file.name} problems={answer.problems} file={shown} />
        </>
      )}
      {answer.state === "failed" && (
        <div role="alert" className="flex flex-wrap items-center gap-2 text-high">
          <p className="flex-1">{inWords(answer.error)}</p>
          <Button size="small" onClick={() => onAgain(sent.object)}>
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}

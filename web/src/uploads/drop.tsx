"use client";

/** Where files are dropped, or chosen. */
import { Upload } from "lucide-react";
import { useRef, useState, type DragEvent } from "react";

import { Button } from "@/ui/button";
import { cn } from "@/ui/cn";

interface DropProps {
  label: string;
  hint: string;
  multiple?: boolean;
  onFiles: (files: File[]) => void;
}

export function Drop({ label, hint, multiple = false, onFiles }: DropProps) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const take = (files: FileList | null) => {
    if (files !== null && files.length > 0) onFiles(multiple ? [...files] : [...files].slice(0, 1));
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files);
  };
  return (
    <div
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
      className={cn("flex flex-wrap items-center gap-x-4 gap-y-2 rounded-lg border border-dashed px-4 py-3", over ? "border-accent bg-accent-soft" : "border-line-strong bg-panel")}
    >
      <Upload aria-hidden className="size-6 text-quiet" />
      <div className="min-w-0 flex-1">
        <p className="font-medium">{label}</p>
        <p className="text-quiet">{hint}</p>
      </div>
      <input
        ref={input}
        type="file"
        multiple={multiple}
        aria-label={label}
        className="sr-only"
        tabIndex={-1}
        onChange={(event) => {
          take(event.target.files);
          // The same file can be chosen again, when it was mended.
          event.target.value = "";
        }}
      />
      <Button kind="primary" onClick={() => input.current?.click()}>
        {multiple ? "Choose files" : "Choose a file"}
      </Button>
    </div>
  );
}

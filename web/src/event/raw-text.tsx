/** A file as it is. */
export function RawText({ label, text }: { label: string; text: string }) {
  return (
    <pre tabIndex={0} role="region" aria-label={label} className="max-h-[64vh] overflow-auto rounded-md bg-raised p-3 font-mono text-xs">
      {text}
    </pre>
  );
}

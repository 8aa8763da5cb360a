import Link from "next/link";

import { Empty } from "@/ui/state";

export default function NotFound() {
  return (
    <Empty title="There is no such page">
      <Link href="/" className="text-accent underline">
        To today&apos;s page
      </Link>
    </Empty>
  );
}

import Link from "next/link";

import { PageHeader } from "@/ui/panel";

export default function NotFound() {
  return (
    <>
      <PageHeader title="There is no such page" />
      <Link href="/" className="text-accent underline">
        To today&apos;s page
      </Link>
    </>
  );
}

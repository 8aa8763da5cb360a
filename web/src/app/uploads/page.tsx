import type { Metadata } from "next";

import { Uploads } from "@/uploads/uploads";

export const metadata: Metadata = { title: "Uploads" };

export default function Page() {
  return <Uploads />;
}

import type { Schemas } from "@/api/client";

export type Role = Schemas["MemberRow"]["role"];

export const ROLES: readonly { role: Role; may: string }[] = [
  { role: "viewer", may: "look" },
  { role: "operator", may: "also upload, screen, acknowledge, change lists, rules and webhooks" },
  { role: "administrator", may: "also keys, members, audit log, exports" },
];

/** A webhook is sent as a whole: what a colleague changed since this page read it must not be sent as it was. */
import { http, type Schemas } from "@/api/client";

type Webhook = Schemas["WebhookRow"];
type Body = Schemas["WebhookBody"];

/** Changes a webhook as it is now. Who changes it in the same moment is not written over: the answer says so, with 412. */
export async function changeWebhook(id: string, change: (now: Webhook) => Body) {
  const path = { id };
  const read = await http.GET("/api/v1/webhooks/{id}", { params: { path } });
  if (read.data === undefined) return read;
  const etag = read.response.headers.get("etag");
  return http.PUT("/api/v1/webhooks/{id}", {
    params: { path, ...(etag === null ? {} : { header: { "If-Match": etag } }) },
    body: change(read.data),
  });
}

/** The interface of the service: typed from its OpenAPI document, so that a changed route does not compile. */
import { QueryClient } from "@tanstack/react-query";
import createFetchClient, { type Middleware } from "openapi-fetch";
import createClient from "openapi-react-query";

import { config } from "./config";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];
export type Conjunction = Schemas["ConjunctionRow"];
export type Run = Schemas["RunRow"];
export type Alert = Schemas["AlertRow"];

/** Where people sign in, and where they go on afterwards. */
export function signInPath(): string {
  return `/signin/?next=${encodeURIComponent(location.pathname + location.search)}`;
}

const signedOut: Middleware = {
  onResponse({ response, request }) {
    // Who belongs to no organization is told so there, and sees who would have them.
    const nowhere = response.status === 403 && new URL(request.url).pathname === "/api/v1/session";
    // The page that signs in asks who is signed in, too: it must not go round in circles.
    if ((response.status === 401 || nowhere) && !location.pathname.startsWith("/signin") && request.method !== "DELETE") {
      location.assign(signInPath());
    }
    return undefined;
  },
};

/** Sends a request to the interface, wherever the settings say that it is. */
export async function send(request: Request): Promise<Response> {
  const { api } = await config();
  if (api === "") return fetch(request);
  const url = new URL(request.url);
  return fetch(new Request(api + url.pathname + url.search, request), { credentials: "include" });
}

// Of the forms of an answer, pages read JSON.
export const http = createFetchClient<paths, "application/json">({
  // In tests there is no page.
  baseUrl: typeof location === "undefined" ? "" : location.origin,
  headers: { accept: "application/json" },
  fetch: send,
});
http.use(signedOut);

const client = createClient(http);

/** The library gives lists that are read page by page the key of those that are read at once; their answers differ. */
const useInfiniteQuery: typeof client.useInfiniteQuery = (method, path, init, options, queryClient) => {
  const own = { ...options, queryKey: [method, path, init, "pages"] };
  return client.useInfiniteQuery(method, path, init, own, queryClient);
};

/** Queries and mutations: `api.useQuery("get", "/api/v1/status")`. A first page is asked for with `initialPageParam: null`. */
export const api: typeof client = { ...client, useInfiniteQuery };

export function isProblem(error: unknown): error is Problem {
  return typeof error === "object" && error !== null && "title" in error && "status" in error;
}

/** HTTP status of what went wrong; undefined where no answer came. */
export function statusOf(error: unknown): number | undefined {
  return isProblem(error) ? error.status : undefined;
}

/** What went wrong, in words; with the field that is wrong, and with the request's id where the service failed. */
export function inWords(error: unknown): string {
  if (isProblem(error)) {
    const place = error.field ? `${error.field}: ` : "";
    const said = place + (error.detail ?? error.title);
    return error.status >= 500 ? `${said} (request ${error.request_id})` : said;
  }
  if (error instanceof TypeError) return "the service does not answer";
  return error instanceof Error ? error.message : String(error);
}

/** Errors that a second attempt may cure: no answer, too many requests, or the service itself. */
function isPassing(error: unknown): boolean {
  const status = statusOf(error);
  return status === undefined || status === 429 || status >= 500;
}

export function newQueryClient(): QueryClient {
  const client = new QueryClient({
    defaultOptions: {
      queries: {
        // The browser's "offline" says nothing of a service on this machine or in a closed network: who asks it learns the truth.
        networkMode: "always",
        refetchOnReconnect: true,
        // The stream says what changed; this is for what it does not tell of.
        staleTime: 30_000,
        retry: (failures, error) => isPassing(error) && failures < 2,
        refetchOnWindowFocus: true,
      },
      mutations: { networkMode: "always", retry: false },
    },
  });
  // All that counts down asks for it, and is shown once it was read or was not: each asking anew as it is shown would begin that again.
  client.setQueryDefaults(["get", "/api/v1/status"], { retryOnMount: false });
  return client;
}

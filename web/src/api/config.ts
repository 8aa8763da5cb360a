/** Settings of the environment, which the console reads when it runs: one build serves all of them. */
import { z } from "zod/mini";

const Config = z.object({
  /** Version and build of the service; null where no service answered. */
  build: z.nullable(z.string()),
  /** What the environment is called, as "laptop". */
  environment: z.string(),
  /** Origin of the interface; empty: the same as the console's. */
  api: z.string(),
  /** Address of the WebSocket; null: `/api/v1/stream` of the interface. */
  stream: z.nullable(z.string()),
  sign_in: z.object({
    /** Whether the link that the service prints signs in. */
    one_time_token: z.boolean(),
    /** Where to sign in at the identity provider; null where there is none. */
    provider: z.nullable(z.string()),
  }),
});

export type Config = z.infer<typeof Config>;

let loaded: Promise<Config> | undefined;

async function read(): Promise<Config> {
  const answer = await fetch("/config.json", { cache: "no-store" });
  if (!answer.ok) throw new Error(`/config.json: ${answer.status} ${answer.statusText}`);
  const result = Config.safeParse(await answer.json());
  if (!result.success) throw new Error(`/config.json: ${z.prettifyError(result.error)}`);
  return result.data;
}

/** The settings for `useQuery`: one entry of the cache, whoever asks. */
export const CONFIG_QUERY = { queryKey: ["config.json"], queryFn: () => config(), staleTime: Infinity };

/** The settings, read once; a failure is tried again by the next who asks. */
export function config(): Promise<Config> {
  loaded ??= read().catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}

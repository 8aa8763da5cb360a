"use client";

/** Signing in: by the link that the service prints, by its token, or at the identity provider. */
import { useQuery } from "@tanstack/react-query";
import { LogIn } from "lucide-react";
import { useEffect, useState, type FormEvent, type ReactNode } from "react";

import { http, inWords, statusOf } from "@/api/client";
import { CONFIG_QUERY, type Config } from "@/api/config";
import { signOut } from "@/shell/session";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { Failure, Loading } from "@/ui/state";
import { Invitations } from "./invitations";
import { goOn, nextOf, takeToken } from "./next";

type State =
  | { step: "waiting"; what: string }
  /** Nobody is signed in. */
  | { step: "out"; problem?: string }
  /** Somebody is signed in, and belongs to no organization. */
  | { step: "outside"; problem: string };

const GOING_ON: State = { step: "waiting", what: "Signed in; going on" };

function next(): string {
  return nextOf(location.search);
}

/** Who is signed in already goes on: a link in a mail leads here where the cookie did not come along with it. */
async function look(): Promise<State> {
  const { error, response } = await http.GET("/api/v1/session");
  if (response.ok) {
    goOn(next());
    return GOING_ON;
  }
  if (statusOf(error) === 403) return { step: "outside", problem: inWords(error) };
  return statusOf(error) === 401 ? { step: "out" } : { step: "out", problem: inWords(error) };
}

/** Why a token was refused. There is one field: that it is wrong, needs no saying. */
function reason(error: unknown): string {
  return inWords(error).replace(/^token: /, "");
}

async function signIn(token: string): Promise<State> {
  const { error, response } = await http.POST("/api/v1/session", { body: { token } });
  if (response.ok) {
    goOn(next());
    return GOING_ON;
  }
  // Somebody may have opened the link before, in this very browser.
  const after = await look();
  return after.step === "out" ? { step: "out", problem: reason(error) } : after;
}

function failed(error: unknown): State {
  return { step: "out", problem: inWords(error) };
}

export function SignIn() {
  const settings = useQuery(CONFIG_QUERY);
  const [state, setState] = useState<State>({ step: "waiting", what: "Signing in" });
  // After the page is drawn: on the server there is no address.
  useEffect(() => {
    const token = takeToken();
    (token === null ? look() : signIn(token)).catch(failed).then(setState);
  }, []);
  const run = (what: string, work: Promise<State>) => {
    setState({ step: "waiting", what });
    void work.catch(failed).then(setState);
  };

  return (
    <div className="mx-auto flex min-h-screen max-w-md flex-col justify-center gap-4 p-4">
      <h1 className="text-xl font-semibold">Sign in to AstroShield</h1>
      {state.step === "waiting" && (
        <p role="status" className="text-quiet">
          {state.what}
        </p>
      )}
      {state.step === "outside" && <Outside problem={state.problem} again={() => run("Looking again", look())} />}
      {state.step === "out" && (
        <>
          {state.problem !== undefined && (
            <p role="alert" className="rounded-md border border-high bg-high-soft px-3 py-2 text-high">
              Not signed in: {state.problem}.
            </p>
          )}
          {settings.isPending && <Loading what="ways to sign in" rows={2} />}
          {settings.isError && <Failure error={settings.error} what="settings" retry={() => void settings.refetch()} />}
          {settings.data !== undefined && <Ways settings={settings.data} redeem={(token) => run("Signing in", signIn(token))} />}
        </>
      )}
    </div>
  );
}

function Box({ children }: { children: ReactNode }) {
  return <div className="flex flex-col gap-3 rounded-lg border border-line bg-panel p-4">{children}</div>;
}

function Ways({ settings, redeem }: { settings: Config; redeem: (token: string) => void }) {
  const { provider, one_time_token: oneTime } = settings.sign_in;
  return (
    <>
      {provider !== null && (
        <Box>
          <p>You sign in at your organization&apos;s identity provider, and come back here.</p>
          <Button kind="primary" asChild className="self-start">
            <a href={`${settings.api}${provider}?${new URLSearchParams({ return_to: next() })}`}>
              <LogIn aria-hidden />
              Sign in
            </a>
          </Button>
        </Box>
      )}
      {oneTime && <TokenForm redeem={redeem} />}
      {provider === null && !oneTime && <p>This service has no way for people to sign in; programs use API keys.</p>}
    </>
  );
}

function TokenForm({ redeem }: { redeem: (token: string) => void }) {
  const [token, setToken] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    redeem(token.trim());
  };
  return (
    <Box>
      <p>
        Open the link that the server printed when it started. It signs in once, within an hour. A running server prints another one on{" "}
        <code className="rounded bg-raised px-1 font-mono">kill -HUP PID</code>.
      </p>
      <form onSubmit={submit} className="flex items-end gap-2">
        <Field label="Token of the link" className="flex-1">
          {(props) => (
            <Input
              {...props}
              type="password"
              autoComplete="off"
              required
              maxLength={200}
              value={token}
              onChange={(event) => setToken(event.target.value)}
            />
          )}
        </Field>
        <Button kind="primary" type="submit" disabled={token.trim() === ""}>
          Sign in
        </Button>
      </form>
    </Box>
  );
}

/** Who belongs to no organization sees who would have them, and may sign out. */
function Outside({ problem, again }: { problem: string; again: () => void }) {
  return (
    <Box>
      <p role="alert">{`${problem[0]?.toUpperCase()}${problem.slice(1)}.`}</p>
      <Invitations onAccepted={() => goOn(next())} />
      <div className="flex gap-2">
        <Button onClick={again}>Look again</Button>
        <Button onClick={() => void signOut()}>Sign out</Button>
      </div>
    </Box>
  );
}

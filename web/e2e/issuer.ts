/** An identity provider: oidc-provider, as the tests of the service start it (scripts/issuer). */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { join, resolve } from "node:path";

const SCRIPT = resolve(import.meta.dirname, "../../scripts/issuer");

/** Who somebody is, as it tells the service. */
export interface Account {
  /** `astroshield:ORGANIZATION:ROLE` stands for a role. */
  groups?: string[];
  /** Verified. Without one it is NAME@example.org. */
  email?: string;
}

export class Issuer {
  private constructor(
    /** In it are its certificate and key, and the authority that vouches for them. */
    readonly folder: string,
    readonly address: string,
  ) {}

  /** Starts one in a folder that is not there yet. */
  static start(folder: string): Issuer {
    return new Issuer(folder, execFileSync(SCRIPT, ["start", folder], { encoding: "utf8" }).trim());
  }

  stop(): void {
    execFileSync(SCRIPT, ["stop", this.folder]);
  }

  /** The file of the authority to trust. */
  get authority(): string {
    return join(this.folder, "ca.pem");
  }

  /** Makes the service known there. */
  register(service: string, id: string, secret: string): Promise<void> {
    return this.tell("client", {
      client_id: id,
      client_secret: secret,
      redirect_uris: [`${service}/auth/callback`],
      post_logout_redirect_uris: [`${service}/signin`],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
    });
  }

  account(name: string, { groups = [], email = `${name}@example.org` }: Account = {}): Promise<void> {
    return this.tell("accounts", { [name]: { groups, email, email_verified: true } });
  }

  private tell(what: string, body: unknown): Promise<void> {
    return new Promise((done, fail) => {
      const sent = request(`${this.address}/test/${what}`, { method: "POST", ca: readFileSync(this.authority) }, (answer) => {
        answer.resume();
        answer.on("end", () => (answer.statusCode === 200 ? done() : fail(new Error(`${what}: ${answer.statusCode}`))));
      });
      sent.on("error", fail);
      sent.end(JSON.stringify(body));
    });
  }
}

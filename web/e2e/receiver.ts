/** Somebody whom webhooks tell: it keeps what it is sent, and checks the signature as Standard Webhooks describe. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

export interface Message {
  id: string;
  timestamp: string;
  signatures: string[];
  body: string;
}

export class Receiver {
  readonly messages: Message[] = [];

  private constructor(private readonly server: Server) {}

  /** Listens, with the certificate and the key of a folder. */
  static async start(folder: string): Promise<Receiver> {
    const tls = { cert: readFileSync(join(folder, "server.pem")), key: readFileSync(join(folder, "server.key")) };
    const server = createServer(tls);
    const receiver = new Receiver(server);
    server.on("request", (request, response) => {
      const pieces: Buffer[] = [];
      request.on("data", (piece: Buffer) => pieces.push(piece));
      request.on("end", () => {
        const { "webhook-id": id = "", "webhook-timestamp": timestamp = "", "webhook-signature": signature = "" } = request.headers;
        receiver.messages.push({ id: String(id), timestamp: String(timestamp), signatures: String(signature).split(" "), body: Buffer.concat(pieces).toString("utf8") });
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return receiver;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** Whether a message was signed with a secret (`whsec_...`). */
export function isSigned({ id, timestamp, signatures, body }: Message, secret: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const due = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest();
  return signatures.some((signature) => {
    const [version, value = ""] = signature.split(",");
    const given = Buffer.from(value, "base64");
    return version === "v1" && given.length === due.length && timingSafeEqual(given, due);
  });
}

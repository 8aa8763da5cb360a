/**
 * The line between a browser and the service, which can be cut: a proxy (SOCKS 5, RFC 1928) that leads to the service alone. The
 * browser knows the service by its own address all the same, as the service wants it.
 */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** "No authentication", and "succeeded". */
const GREETING = Buffer.from([5, 0]);
const CONNECTED = Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);

export class Line {
  private readonly open = new Set<Socket>();
  private isCut = false;

  private constructor(
    private readonly server: Server,
    private readonly port: number,
  ) {}

  /** A line to an address (`http://127.0.0.1:7878`). */
  static async to(address: string): Promise<Line> {
    const server = createServer();
    const line = new Line(server, Number(new URL(address).port));
    server.on("connection", (near) => void line.lead(near).catch(() => near.destroy()));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return line;
  }

  private keep(socket: Socket, other?: Socket): void {
    this.open.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.open.delete(socket);
      other?.destroy();
    });
  }

  private async lead(near: Socket): Promise<void> {
    this.keep(near);
    if (this.isCut) {
      near.destroy();
      return;
    }
    await once(near, "data");
    near.write(GREETING);
    // Where to is known.
    await once(near, "data");
    near.pause();
    const far = connect(this.port, "127.0.0.1");
    this.keep(far, near);
    near.on("close", () => far.destroy());
    await once(far, "connect");
    near.write(CONNECTED);
    near.pipe(far);
    far.pipe(near);
  }

  /** As the browser takes it for a proxy. */
  get address(): string {
    return `socks5://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Ends every connection, and lets none through until it is mended. */
  cut(): void {
    this.isCut = true;
    for (const socket of this.open) socket.destroy();
  }

  mend(): void {
    this.isCut = false;
  }

  close(): void {
    this.cut();
    this.server.close();
  }
}

/** The page's side of the propagator in its worker. */
import type { Answer, Catalog, Path, Request, States } from "./messages";

export interface PropagatorListener {
  onCatalog: (catalog: Catalog) => void;
  onStates: (states: States) => void;
  onProblem: (problem: string) => void;
}

export class Propagator {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, (path: Path | null) => void>();
  private nextId = 0;

  constructor(listener: PropagatorListener) {
    // Bundled by scripts/worker.mjs.
    this.worker = new Worker("/globe-worker.js", { type: "module" });
    this.worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      if (data.type === "catalog") listener.onCatalog(data.catalog);
      else if (data.type === "states") listener.onStates(data.states);
      else if (data.type === "failed") listener.onProblem(data.problem);
      else {
        this.waiting.get(data.id)?.(data.path);
        this.waiting.delete(data.id);
      }
    };
    this.worker.onerror = ({ message }) => listener.onProblem(message === "" ? "the propagator did not start" : message);
  }

  dispose(): void {
    this.worker.terminate();
    this.waiting.clear();
  }

  load(csv: string): void {
    this.send({ type: "catalog", csv });
  }

  states(timeMs: number, buffers: ArrayBuffer[]): void {
    this.send({ type: "states", timeMs, buffers }, buffers);
  }

  /** States of one object; null where it is not in the catalog, or has none at one of the times. */
  path(number: number, startMs: number, stepMs: number, steps: number): Promise<Path | null> {
    const id = (this.nextId += 1);
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.send({ type: "path", id, number, startMs, stepMs, steps });
    });
  }

  private send(request: Request, transfer: Transferable[] = []): void {
    this.worker.postMessage(request, { transfer });
  }
}

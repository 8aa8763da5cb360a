/** A camera that goes around a point: turned by dragging and by arrow keys, nearer and farther by the wheel, two fingers and + -. */
import { MathUtils, PerspectiveCamera, Vector3 } from "three";

const NEAREST = 0.02;
const FARTHEST = 40;
const POLE = Math.PI / 2 - 0.02;

/** Lengths are in Earth radii, axes those of TEME: z to the north. */
export class OrbitCamera {
  readonly camera = new PerspectiveCamera(40, 1, 0.005, 100);
  readonly target = new Vector3();
  azimuth = 0.6;
  elevation = 0.35;
  distance = 4.2;
  private readonly pointers = new Map<number, { x: number; y: number }>();
  private readonly stop = new AbortController();
  /** Whether the pointer moved while it was down: then its end is no click. */
  dragged = false;

  constructor(
    private readonly element: HTMLElement,
    private readonly onChange: () => void,
  ) {
    this.camera.up.set(0, 0, 1);
    const { signal } = this.stop;
    element.addEventListener("pointerdown", this.down, { signal });
    element.addEventListener("pointermove", this.move, { signal });
    element.addEventListener("pointerup", this.up, { signal });
    element.addEventListener("pointercancel", this.up, { signal });
    element.addEventListener("wheel", this.wheel, { signal, passive: false });
  }

  dispose(): void {
    this.stop.abort();
  }

  turn(azimuth: number, elevation: number): void {
    this.azimuth += azimuth;
    this.elevation = MathUtils.clamp(this.elevation + elevation, -POLE, POLE);
    this.onChange();
  }

  zoom(factor: number): void {
    this.distance = MathUtils.clamp(this.distance * factor, this.least(), FARTHEST);
    this.onChange();
  }

  /** Looks at a point from outside, that is along its own direction. */
  lookDownOn(point: Vector3, distance: number): void {
    this.azimuth = Math.atan2(point.y, point.x) + 0.25;
    this.elevation = MathUtils.clamp(Math.asin(point.z / Math.max(point.length(), 1e-9)) + 0.15, -POLE, POLE);
    this.distance = distance;
    this.onChange();
  }

  apply(): void {
    const { camera, target, azimuth, elevation } = this;
    this.distance = Math.max(this.distance, this.least());
    const across = Math.cos(elevation) * this.distance;
    camera.position.set(
      target.x + across * Math.cos(azimuth),
      target.y + across * Math.sin(azimuth),
      target.z + Math.sin(elevation) * this.distance,
    );
    camera.lookAt(target);
    camera.updateMatrixWorld();
  }

  /** Not into the Earth, when that is what it looks at. */
  private least(): number {
    return this.target.lengthSq() < 1e-6 ? 1.15 : NEAREST;
  }

  private readonly down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.dragged = false;
    this.element.setPointerCapture(event.pointerId);
  };

  private readonly move = (event: PointerEvent): void => {
    const before = this.pointers.get(event.pointerId);
    if (before === undefined) return;
    const now = { x: event.clientX, y: event.clientY };
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (Math.hypot(now.x - before.x, now.y - before.y) < 3 && !this.dragged) return;
    this.dragged = true;
    this.pointers.set(event.pointerId, now);
    if (other === undefined) {
      // Near the ground a drag turns less, so that the ground stays below the pointer.
      const height = Math.max(this.distance - (this.target.lengthSq() < 1e-6 ? 1 : 0), 0.05);
      const scale = (Math.min(height, 2) * 1.4) / this.element.clientHeight;
      this.turn(-(now.x - before.x) * scale, (now.y - before.y) * scale);
    } else {
      const size = (point: { x: number; y: number }) => Math.hypot(point.x - other.x, point.y - other.y);
      this.zoom(size(before) / Math.max(size(now), 1));
    }
  };

  private readonly up = (event: PointerEvent): void => {
    this.pointers.delete(event.pointerId);
  };

  private readonly wheel = (event: WheelEvent): void => {
    event.preventDefault();
    this.zoom(Math.exp(event.deltaY * (event.deltaMode === 0 ? 0.001 : 0.03)));
  };
}

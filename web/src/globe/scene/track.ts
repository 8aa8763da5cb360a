/** Lines of an object: its path in space, and its track on the ground. */
import { BufferAttribute, BufferGeometry, Line, LineBasicMaterial, LineDashedMaterial, type Object3D } from "three";

import { EARTH_RADIUS_KM, earthFixed, siderealTime } from "@/earth/frames";
import type { Path } from "../messages";

/** Above the ground, so that the sphere does not hide it. */
const ABOVE_GROUND = 1.003;

function line(material: LineBasicMaterial): Line {
  const one = new Line(new BufferGeometry(), material);
  one.frustumCulled = false;
  one.renderOrder = 1;
  return one;
}

function setPoints({ geometry }: Line, points: Float32Array): void {
  geometry.setAttribute("position", new BufferAttribute(points, 3));
  geometry.setDrawRange(0, points.length / 3);
}

export class Track {
  private readonly orbit = line(new LineBasicMaterial({ transparent: true, opacity: 0.9 }));
  private readonly ground = line(new LineDashedMaterial({ dashSize: 0.03, gapSize: 0.02 }));

  /** `space` does not turn, `earth` turns with the Earth. */
  constructor(
    private readonly space: Object3D,
    private readonly earth: Object3D,
  ) {
    space.add(this.orbit);
    earth.add(this.ground);
  }

  setColor(color: string): void {
    for (const { material } of [this.orbit, this.ground]) (material as LineBasicMaterial).color.set(color);
  }

  setPath(path: Path | null, withGround: boolean): void {
    this.orbit.visible = path !== null;
    this.ground.visible = path !== null && withGround;
    if (path === null) return;
    const count = path.positionsKm.length / 3;
    const above = new Float32Array(count * 3);
    const below = new Float32Array(count * 3);
    for (let step = 0; step < count; step += 1) {
      const [x = 0, y = 0, z = 0] = path.positionsKm.subarray(step * 3, step * 3 + 3);
      above.set([x / EARTH_RADIUS_KM, y / EARTH_RADIUS_KM, z / EARTH_RADIUS_KM], step * 3);
      const fixed = earthFixed([x, y, z], siderealTime(path.startMs + step * path.stepMs));
      const size = Math.hypot(...fixed) / ABOVE_GROUND;
      below.set([fixed[0] / size, fixed[1] / size, fixed[2] / size], step * 3);
    }
    setPoints(this.orbit, above);
    setPoints(this.ground, below);
    this.ground.computeLineDistances();
  }

  dispose(): void {
    this.space.remove(this.orbit);
    this.earth.remove(this.ground);
    for (const { geometry, material } of [this.orbit, this.ground]) {
      geometry.dispose();
      (material as LineBasicMaterial).dispose();
    }
  }
}

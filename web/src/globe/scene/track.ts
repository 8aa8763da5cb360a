/** Lines of an object: its path in space, and its track on the ground. */
import type { Object3D } from "three";

import { EARTH_RADIUS_KM, earthFixed, siderealTime } from "@/earth/frames";
import type { Path } from "../messages";
import { SoftLine, type Picture } from "./line";

/** Above the ground, so that the sphere does not hide it. */
const ABOVE_GROUND = 1.003;

export class Track {
  private readonly orbit: SoftLine;
  private readonly ground: SoftLine;

  /** `space` does not turn, `earth` turns with the Earth. */
  constructor(
    private readonly space: Object3D,
    private readonly earth: Object3D,
    picture: Picture,
  ) {
    this.orbit = new SoftLine(picture, { opacity: 0.9 });
    this.ground = new SoftLine(picture, { dash: [0.03, 0.02] });
    space.add(this.orbit.mesh);
    earth.add(this.ground.mesh);
  }

  setColor(color: string): void {
    for (const line of [this.orbit, this.ground]) line.setColor(color);
  }

  setPath(path: Path, withGround: boolean): void {
    this.ground.mesh.visible = withGround;
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
    this.orbit.setPoints(above);
    this.ground.setPoints(below);
  }

  dispose(): void {
    this.space.remove(this.orbit.mesh);
    this.earth.remove(this.ground.mesh);
    for (const line of [this.orbit, this.ground]) line.dispose();
  }
}

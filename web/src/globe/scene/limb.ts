/** The edge of the Earth as it is seen: a fine line around it. */
import { Vector3, type Object3D } from "three";

import { SoftLine, type Picture } from "./line";

const SEGMENTS = 180;
const OUTWARD = new Vector3(0, 0, 1);

function circle(): Float32Array {
  const points = new Float32Array((SEGMENTS + 1) * 3);
  for (let step = 0; step <= SEGMENTS; step += 1) {
    const angle = (2 * Math.PI * step) / SEGMENTS;
    points.set([Math.cos(angle), Math.sin(angle), 0], step * 3);
  }
  return points;
}

export class Limb {
  private readonly line: SoftLine;
  private readonly toward = new Vector3();

  constructor(space: Object3D, picture: Picture) {
    // Nothing that is drawn before it is nearer.
    this.line = new SoftLine(picture, { depthTest: false });
    this.line.mesh.renderOrder = 0.5;
    this.line.setPoints(circle());
    space.add(this.line.mesh);
  }

  setColor(color: string): void {
    this.line.setColor(color);
  }

  /** Where lines of sight from the eye touch the sphere of radius 1. */
  setEye(eye: Vector3): void {
    const { mesh } = this.line;
    const distance = eye.length();
    mesh.visible = distance > 1;
    if (!mesh.visible) return;
    this.toward.copy(eye).divideScalar(distance);
    mesh.position.copy(this.toward).divideScalar(distance);
    mesh.quaternion.setFromUnitVectors(OUTWARD, this.toward);
    mesh.scale.setScalar(Math.sqrt(1 - 1 / distance ** 2));
  }

  dispose(): void {
    this.line.dispose();
  }
}

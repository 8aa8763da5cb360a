/** All objects, in one draw call. The vertex shader puts each between two of its states; the page does nothing for them per frame. */
import {
  BufferAttribute,
  BufferGeometry,
  Color,
  DynamicDrawUsage,
  Points,
  ShaderMaterial,
  Sphere,
  Vector3,
  type Camera,
} from "three";

import { EARTH_RADIUS_KM } from "@/earth/frames";
import { weights } from "../hermite";
import type { States } from "../messages";
import { DIMMED, HIDDEN, NORMAL } from "./looks";

const VERTEX = /* glsl */ `
  attribute vec3 velocity;
  attribute vec3 nextPosition;
  attribute vec3 nextVelocity;
  attribute float group;
  attribute float look;
  uniform vec4 weights;
  uniform float scale;
  uniform float radius;
  uniform vec3 palette[4];
  varying vec4 tint;
  varying float extent;
  void main() {
    bool absent = look < 0.5 || dot(position, position) < 1.0 || dot(nextPosition, nextPosition) < 1.0;
    vec3 place = (weights.x * position + weights.y * velocity + weights.z * nextPosition + weights.w * nextVelocity) * scale;
    // What the Earth hides is not drawn at all.
    vec3 along = place - cameraPosition;
    float far = length(along);
    float nearest = -dot(cameraPosition, along / far);
    absent = absent || (nearest > 0.0 && nearest < far && dot(cameraPosition, cameraPosition) - nearest * nearest < 1.0);
    gl_Position = absent ? vec4(2.0, 2.0, 2.0, 1.0) : projectionMatrix * viewMatrix * vec4(place, 1.0);
    bool dimmed = look > 1.5;
    extent = (dimmed ? 1.4 : 2.0) * radius + 1.0;
    gl_PointSize = absent ? 0.0 : extent;
    tint = vec4(palette[int(group + 0.5)], dimmed ? 0.22 : 1.0);
  }
`;

const FRAGMENT = /* glsl */ `
  varying vec4 tint;
  varying float extent;
  void main() {
    // How much of the pixel the disk covers, the last pixel around it being that of its edge.
    float covered = clamp((0.5 - length(gl_PointCoord - 0.5)) * extent, 0.0, 1.0);
    gl_FragColor = vec4(tint.rgb, tint.a * covered);
  }
`;

interface Buffers {
  position: BufferAttribute;
  velocity: BufferAttribute;
}

function dynamic(array: Float32Array | Uint8Array, size: number): BufferAttribute {
  return new BufferAttribute(array, size).setUsage(DynamicDrawUsage);
}

export class ObjectPoints {
  readonly points: Points<BufferGeometry, ShaderMaterial>;
  private from: States | null = null;
  private to: States | null = null;
  private buffers: [Buffers, Buffers];
  private readonly groups: BufferAttribute;
  private readonly looks: BufferAttribute;
  private part = 0;

  constructor(readonly count: number) {
    const empty = (): Buffers => ({ position: dynamic(new Float32Array(count * 3), 3), velocity: dynamic(new Float32Array(count * 3), 3) });
    this.buffers = [empty(), empty()];
    this.groups = dynamic(new Uint8Array(count), 1);
    this.looks = dynamic(new Uint8Array(count).fill(NORMAL), 1);
    const geometry = new BufferGeometry();
    geometry.setAttribute("group", this.groups);
    geometry.setAttribute("look", this.looks);
    geometry.boundingSphere = new Sphere(new Vector3(), 100);
    const material = new ShaderMaterial({
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      transparent: true,
      depthWrite: false,
      // The vertex shader knows what is hidden.
      depthTest: false,
      uniforms: {
        weights: { value: [1, 0, 0, 0] },
        scale: { value: 1 / EARTH_RADIUS_KM },
        radius: { value: 1.25 },
        palette: { value: Array.from({ length: 4 }, () => new Color()) },
      },
    });
    this.points = new Points(geometry, material);
    this.points.frustumCulled = false;
    this.points.visible = false;
    this.points.renderOrder = 2;
    this.bind();
  }

  dispose(): void {
    this.points.geometry.dispose();
    this.points.material.dispose();
  }

  /** The states between which the objects are. Only what is new is sent to the graphics processor. */
  setStates(from: States, to: States): void {
    if (from === this.from && to === this.to) return;
    // What came second comes first now: its buffers are there already.
    if (from === this.to) this.buffers.reverse();
    else fill(this.buffers[0], from);
    fill(this.buffers[1], to);
    this.from = from;
    this.to = to;
    this.bind();
    this.points.visible = true;
  }

  setTime(timeMs: number): void {
    const { from, to } = this;
    if (from === null || to === null) return;
    const span = to.timeMs - from.timeMs;
    this.part = span === 0 ? 0 : Math.min(Math.max((timeMs - from.timeMs) / span, 0), 1);
    this.uniform("weights").value = [...weights(this.part, span / 1_000)];
  }

  setRadius(pixels: number): void {
    this.uniform("radius").value = pixels;
  }

  setPalette(colors: readonly string[]): void {
    this.uniform("palette").value = colors.map((color) => new Color(color));
  }

  /** The class of each object, a place in the palette. */
  setGroups(groups: Uint8Array): void {
    this.groups.set(groups);
    this.groups.needsUpdate = true;
  }

  setLooks(looks: Uint8Array): void {
    this.looks.set(looks);
    this.looks.needsUpdate = true;
  }

  /** Where an object is, in Earth radii; null where it has no state. */
  place(index: number, into: Vector3): Vector3 | null {
    const { from, to } = this;
    if (from === null || to === null) return null;
    const [p0, v0, p1, v1] = weights(this.part, (to.timeMs - from.timeMs) / 1_000);
    const at = index * 3;
    const one = (axis: number) =>
      p0 * (from.positionsKm[axis] ?? 0) +
      v0 * (from.velocitiesKmS[axis] ?? 0) +
      p1 * (to.positionsKm[axis] ?? 0) +
      v1 * (to.velocitiesKmS[axis] ?? 0);
    into.set(one(at), one(at + 1), one(at + 2)).divideScalar(EARTH_RADIUS_KM);
    return into.lengthSq() > 0.5 ? into : null;
  }

  /** The object that is seen nearest to a point of the picture, at most so many pixels away. Computed when somebody asks. */
  pick(x: number, y: number, width: number, height: number, camera: Camera, withinPixels: number): number | null {
    const place = new Vector3();
    const seen = new Vector3();
    let best: number | null = null;
    let least = withinPixels;
    for (let index = 0; index < this.count; index += 1) {
      if (this.looks.getX(index) === HIDDEN || this.place(index, place) === null || isBehindEarth(place, camera.position)) continue;
      seen.copy(place).project(camera);
      if (seen.z > 1) continue;
      const away = Math.hypot(((seen.x + 1) / 2) * width - x, ((1 - seen.y) / 2) * height - y);
      // What is dimmed is taken only where nothing else is.
      const weighed = this.looks.getX(index) === DIMMED ? away + withinPixels / 2 : away;
      if (weighed < least) {
        least = weighed;
        best = index;
      }
    }
    return best;
  }

  private bind(): void {
    const { geometry } = this.points;
    const [from, to] = this.buffers;
    geometry.setAttribute("position", from.position);
    geometry.setAttribute("velocity", from.velocity);
    geometry.setAttribute("nextPosition", to.position);
    geometry.setAttribute("nextVelocity", to.velocity);
  }

  private uniform(name: string): { value: unknown } {
    const uniform = this.points.material.uniforms[name];
    if (uniform === undefined) throw new Error(`no uniform ${name}`);
    return uniform;
  }
}

function fill(buffers: Buffers, states: States): void {
  buffers.position.array = states.positionsKm;
  buffers.position.needsUpdate = true;
  buffers.velocity.array = states.velocitiesKmS;
  buffers.velocity.needsUpdate = true;
}

// Asked of all objects at once: nothing is made anew each time.
const ALONG = new Vector3();

/** Whether the Earth, a sphere of radius 1, stands between a point and the eye. */
export function isBehindEarth(point: Vector3, eye: Vector3): boolean {
  ALONG.copy(point).sub(eye);
  const length = ALONG.length();
  const along = ALONG.divideScalar(length);
  const nearest = -eye.dot(along);
  if (nearest <= 0 || nearest >= length) return false;
  return eye.lengthSq() - nearest * nearest < 1;
}

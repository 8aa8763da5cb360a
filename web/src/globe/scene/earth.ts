/** The Earth: land drawn once onto a texture in the colors of the theme, turned by the sidereal time, dark where the Sun is not. */
import {
  CanvasTexture,
  Color,
  Group,
  LinearFilter,
  Mesh,
  ShaderMaterial,
  SphereGeometry,
  Vector3,
} from "three";

import { siderealTime, sunDirection } from "@/earth/frames";
import type { Ring } from "@/earth/land";

export interface EarthColors {
  sea: string;
  land: string;
  coast: string;
  grid: string;
  /** What the night side goes toward. */
  night: string;
}

const WIDTH = 2_048;
const HEIGHT = 1_024;

const VERTEX = /* glsl */ `
  varying vec2 place;
  varying vec3 outward;
  void main() {
    place = uv;
    outward = mat3(modelMatrix) * normal;
    gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
  }
`;

const FRAGMENT = /* glsl */ `
  uniform sampler2D map;
  uniform vec3 sun;
  uniform vec3 night;
  varying vec2 place;
  varying vec3 outward;
  void main() {
    // Twilight: from the Sun at the horizon to 12 degrees below it. Vertices are near enough that between them its length stays 1.
    float dark = 1.0 - smoothstep(-0.208, 0.0, dot(outward, sun));
    gl_FragColor = vec4(mix(texture2D(map, place).rgb, night, 0.45 * dark), 1.0);
  }
`;

function draw(context: CanvasRenderingContext2D, rings: readonly Ring[], colors: EarthColors): void {
  const x = (longitude: number) => ((longitude + 180) / 360) * WIDTH;
  const y = (latitude: number) => ((90 - latitude) / 180) * HEIGHT;
  context.fillStyle = colors.sea;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.beginPath();
  for (const ring of rings) {
    ring.forEach(([longitude, latitude], at) => {
      if (at === 0) context.moveTo(x(longitude), y(latitude));
      else context.lineTo(x(longitude), y(latitude));
    });
    context.closePath();
  }
  context.fillStyle = colors.land;
  context.fill("evenodd");
  context.strokeStyle = colors.coast;
  context.lineWidth = 1.5;
  context.stroke();
  context.strokeStyle = colors.grid;
  context.lineWidth = 1;
  context.globalAlpha = 0.5;
  context.beginPath();
  for (let longitude = -180; longitude < 180; longitude += 30) {
    context.moveTo(x(longitude), 0);
    context.lineTo(x(longitude), HEIGHT);
  }
  for (let latitude = -60; latitude <= 60; latitude += 30) {
    context.moveTo(0, y(latitude));
    context.lineTo(WIDTH, y(latitude));
  }
  context.stroke();
  context.globalAlpha = 1;
}

export class Earth {
  /** Turns with the Earth: what belongs to the ground is put into it. */
  readonly group = new Group();
  private readonly mesh: Mesh<SphereGeometry, ShaderMaterial>;
  private readonly canvas = document.createElement("canvas");
  private readonly texture: CanvasTexture;
  private readonly sun = new Vector3();
  private readonly night = new Color();

  constructor(
    private readonly rings: readonly Ring[],
    mipmaps: boolean,
  ) {
    this.canvas.width = WIDTH;
    this.canvas.height = HEIGHT;
    this.texture = new CanvasTexture(this.canvas);
    if (mipmaps) {
      this.texture.anisotropy = 4;
    } else {
      this.texture.generateMipmaps = false;
      this.texture.minFilter = LinearFilter;
    }
    const material = new ShaderMaterial({
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      uniforms: { map: { value: this.texture }, sun: { value: this.sun }, night: { value: this.night } },
    });
    const sphere = new SphereGeometry(1, 96, 64);
    // The sphere's axis is y, its texture begins at -x: the axis becomes z, and Greenwich comes to x.
    sphere.rotateX(Math.PI / 2);
    this.mesh = new Mesh(sphere, material);
    this.group.add(this.mesh);
  }

  setColors(colors: EarthColors): void {
    const context = this.canvas.getContext("2d");
    if (context === null) return;
    draw(context, this.rings, colors);
    this.texture.needsUpdate = true;
    this.night.set(colors.night);
  }

  setTime(timeMs: number): void {
    this.group.rotation.z = siderealTime(timeMs);
    this.sun.set(...sunDirection(timeMs));
  }

  dispose(): void {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
    this.texture.dispose();
  }
}

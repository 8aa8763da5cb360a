/** A line some pixels wide whose edges are soft, also where each pixel has one sample. */
import { BufferAttribute, Color, DoubleSide, InstancedBufferAttribute, InstancedBufferGeometry, Mesh, ShaderMaterial, type Vector2 } from "three";

/** Each segment is a rectangle around it in the picture. */
const VERTEX = /* glsl */ `
  attribute vec3 start;
  attribute vec3 end;
  attribute vec2 reach;
  uniform vec2 picture;
  uniform float width;
  varying float across;
  varying float along;
  void main() {
    vec4 from = modelViewMatrix * vec4(start, 1.0);
    vec4 to = modelViewMatrix * vec4(end, 1.0);
    // What is behind the eye has no place in the picture.
    const float NEAR = -0.005;
    across = 0.0;
    along = 0.0;
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    if (from.z > NEAR && to.z > NEAR) return;
    if (from.z > NEAR) from = mix(from, to, (NEAR - from.z) / (to.z - from.z));
    else if (to.z > NEAR) to = mix(to, from, (NEAR - to.z) / (from.z - to.z));
    from = projectionMatrix * from;
    to = projectionMatrix * to;
    vec2 direction = (to.xy / to.w - from.xy / from.w) * picture;
    direction /= max(length(direction), 1e-6);
    float half_width = 0.5 * width + 0.5;
    across = position.y * half_width;
    along = position.x < 0.5 ? reach.x : reach.y;
    gl_Position = position.x < 0.5 ? from : to;
    gl_Position.xy += vec2(-direction.y, direction.x) * across * 2.0 / picture * gl_Position.w;
  }
`;

const FRAGMENT = /* glsl */ `
  uniform vec3 color;
  uniform float opacity;
  uniform float width;
  uniform vec2 dash;
  varying float across;
  varying float along;
  void main() {
    if (dash.y > 0.0 && mod(along, dash.x + dash.y) > dash.x) discard;
    gl_FragColor = vec4(color, opacity * clamp(0.5 * width + 0.5 - abs(across), 0.0, 1.0));
  }
`;

/** The picture in pixels, and how many of them one of the page has: the same for all lines. */
export interface Picture {
  size: { value: Vector2 };
  width: { value: number };
}

interface Style {
  opacity?: number;
  /** Lengths of a dash and of the gap after it. */
  dash?: [number, number];
  depthTest?: boolean;
}

export class SoftLine {
  readonly mesh: Mesh<InstancedBufferGeometry, ShaderMaterial>;
  private readonly color = new Color();

  constructor(picture: Picture, { opacity = 1, dash = [0, 0], depthTest = true }: Style = {}) {
    const material = new ShaderMaterial({
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      transparent: true,
      depthWrite: false,
      depthTest,
      side: DoubleSide,
      uniforms: {
        picture: picture.size,
        width: picture.width,
        color: { value: this.color },
        opacity: { value: opacity },
        dash: { value: dash },
      },
    });
    this.mesh = new Mesh(corners(), material);
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = 1;
  }

  setColor(color: string): void {
    this.color.set(color);
  }

  /** Through these points, x, y and z of each. */
  setPoints(points: Float32Array): void {
    const segments = Math.max(points.length / 3 - 1, 0);
    const reach = new Float32Array(segments * 2);
    let length = 0;
    for (let segment = 0; segment < segments; segment += 1) {
      const [x0 = 0, y0 = 0, z0 = 0, x1 = 0, y1 = 0, z1 = 0] = points.subarray(segment * 3, segment * 3 + 6);
      reach[segment * 2] = length;
      length += Math.hypot(x1 - x0, y1 - y0, z1 - z0);
      reach[segment * 2 + 1] = length;
    }
    const { geometry } = this.mesh;
    geometry.setAttribute("start", new InstancedBufferAttribute(points.subarray(0, segments * 3), 3));
    geometry.setAttribute("end", new InstancedBufferAttribute(points.subarray(3), 3));
    geometry.setAttribute("reach", new InstancedBufferAttribute(reach, 2));
    geometry.instanceCount = segments;
  }

  dispose(): void {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }
}

/** x: 0 at the start, 1 at the end; y: -1 and 1 at the sides. */
function corners(): InstancedBufferGeometry {
  const geometry = new InstancedBufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(Float32Array.of(0, -1, 0, 1, -1, 0, 1, 1, 0, 0, 1, 0), 3));
  geometry.setIndex([0, 1, 2, 0, 2, 3]);
  geometry.instanceCount = 0;
  return geometry;
}

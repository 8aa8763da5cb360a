/** What is seen: the Earth, all objects, the tracks of those that are looked at. Draws when something changed, and no more often. */
import { ColorManagement, LinearSRGBColorSpace, Scene, Vector2, Vector3, WebGLRenderer } from "three";

import { EARTH_RADIUS_KM } from "@/earth/frames";
import type { Ring } from "@/earth/land";
import type { Path, States } from "../messages";
import { positionOn } from "../hermite";
import { Earth } from "./earth";
import { Limb } from "./limb";
import type { Picture } from "./line";
import { OrbitCamera } from "./orbit-camera";
import { ObjectPoints, isBehindEarth } from "./points";
import { qualityFor, rendererName, type Quality } from "./quality";
import { Track } from "./track";
import type { Colors } from "./colors";

// Colors are those of the page's tokens as they are: nothing is lit, so nothing has to be linear.
ColorManagement.enabled = false;

const PICK_PIXELS = 12;
/** Of the page; in the picture they are no smaller than the least that is seen. */
const POINT_RADIUS_PIXELS = 1.25;
const LEAST_POINT_RADIUS = 1;
const LINE_PIXELS = 1.25;
/** What moves less than this between two pictures is not seen to move. */
const STILL_PIXELS = 0.3;
const LONGEST_WAIT_MS = 1_000;
/** Speed in a low orbit, in km/s. */
const FAST_KM_S = 7.6;

/** An element of the page that stays at a place in space. */
export interface Mark {
  element: HTMLElement;
  /** Place in Earth radii at the time that is shown; null where it has none. */
  place: (timeMs: number, into: Vector3) => Vector3 | null;
}

export interface SceneListener {
  /** The time that is due, in ms since 1970, and the speed. */
  time: () => { timeMs: number; speed: number };
  /** Before each picture. */
  onFrame: (timeMs: number) => void;
  onPick: (index: number | null) => void;
  onHover: (index: number | null, x: number, y: number) => void;
}

export class GlobeScene {
  readonly view: OrbitCamera;
  /** How long a picture takes and how many there were in the last second, where every one is drawn. */
  readonly stats = { fps: 0, drawMs: 0 };
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly quality: Quality;
  private readonly picture: Picture = { size: { value: new Vector2(1, 1) }, width: { value: LINE_PIXELS } };
  private readonly earth: Earth;
  private readonly limb: Limb;
  private objects: ObjectPoints | null = null;
  private tracks: Track[] = [];
  private marks: readonly Mark[] = [];
  private colors: Colors | null = null;
  private follow: ((timeMs: number, into: Vector3) => Vector3 | null) | null = null;
  private frame = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly resized: ResizeObserver;
  private readonly stop = new AbortController();
  private hoverAt: { x: number; y: number } | null = null;
  private drawn = { count: 0, since: 0 };
  private gone = false;

  /** Throws where the browser has no WebGL. */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    rings: readonly Ring[],
    private readonly listener: SceneListener,
    /** Draws each frame, whether anything changed or not: to measure. */
    private readonly always: boolean,
  ) {
    this.quality = qualityFor(rendererName(), devicePixelRatio);
    // Without alpha the page need not be mixed with it.
    const context = canvas.getContext("webgl2", { alpha: false, antialias: this.quality.antialias, powerPreference: "high-performance" });
    if (context === null) throw new Error("no context of WebGL 2");
    this.renderer = new WebGLRenderer({ canvas, context });
    this.renderer.outputColorSpace = LinearSRGBColorSpace;
    this.earth = new Earth(rings, this.quality.mipmaps);
    this.scene.add(this.earth.group);
    this.limb = new Limb(this.scene, this.picture);
    this.view = new OrbitCamera(canvas, this.draw);
    this.resized = new ResizeObserver(this.resize);
    this.resized.observe(canvas.parentElement ?? canvas);
    const { signal } = this.stop;
    canvas.addEventListener("click", this.click, { signal });
    canvas.addEventListener("pointermove", this.hover, { signal });
    canvas.addEventListener("pointerleave", this.leave, { signal });
    this.resize();
  }

  dispose(): void {
    this.gone = true;
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    this.resized.disconnect();
    this.stop.abort();
    this.view.dispose();
    this.setTracks([]);
    this.objects?.dispose();
    this.limb.dispose();
    this.earth.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }

  setColors(colors: Colors): void {
    this.colors = colors;
    this.renderer.setClearColor(colors.ground);
    this.earth.setColors(colors.earth);
    this.limb.setColor(colors.earth.coast);
    this.objects?.setPalette(colors.palette);
    this.tracks.forEach((track, place) => track.setColor(colors.tracks[place === 0 ? 0 : 1]));
    this.draw();
  }

  setCount(count: number): void {
    if (this.objects !== null) {
      this.scene.remove(this.objects.points);
      this.objects.dispose();
    }
    this.objects = new ObjectPoints(count);
    this.objects.setRadius(this.pointRadius());
    if (this.colors !== null) this.objects.setPalette(this.colors.palette);
    this.scene.add(this.objects.points);
  }

  /** How each object is drawn, and the class that it takes its color from. */
  setLooks(looks: Uint8Array, groups: Uint8Array): void {
    this.objects?.setLooks(looks);
    this.objects?.setGroups(groups);
    this.draw();
  }

  setStates(from: States, to: States): void {
    this.objects?.setStates(from, to);
    this.draw();
  }

  setTracks(paths: readonly { path: Path; ground: boolean }[]): void {
    for (const track of this.tracks) track.dispose();
    this.tracks = paths.map(({ path, ground }, place) => {
      const track = new Track(this.scene, this.earth.group, this.picture);
      track.setPath(path, ground);
      if (this.colors !== null) track.setColor(this.colors.tracks[place === 0 ? 0 : 1]);
      return track;
    });
    this.draw();
  }

  setMarks(marks: readonly Mark[]): void {
    this.marks = marks;
    this.draw();
  }

  /** Keeps a place in the middle; null: the center of the Earth. */
  setFollow(place: ((timeMs: number, into: Vector3) => Vector3 | null) | null): void {
    this.follow = place;
    if (place === null) this.view.target.set(0, 0, 0);
    this.draw();
  }

  /** Asks for a picture. */
  readonly draw = (): void => {
    if (this.frame === 0 && !this.gone) this.frame = requestAnimationFrame(this.render);
  };

  /** Turns to a place that the Earth hides. */
  turnToward(place: Mark["place"], timeMs: number): void {
    const at = place(timeMs, new Vector3());
    if (at === null || !isBehindEarth(at, this.view.camera.position)) return;
    this.view.lookDownOn(at, this.view.distance);
  }

  private readonly render = (): void => {
    this.frame = 0;
    const began = performance.now();
    const { timeMs, speed } = this.listener.time();
    this.listener.onFrame(timeMs);
    this.earth.setTime(timeMs);
    this.objects?.setTime(timeMs);
    this.follow?.(timeMs, this.view.target);
    this.view.apply();
    this.limb.setEye(this.view.camera.position);
    this.renderer.render(this.scene, this.view.camera);
    for (const mark of this.marks) this.place(mark, timeMs);
    this.tellHover();
    this.count(began);
    clearTimeout(this.timer);
    if (this.always) this.draw();
    else if (speed !== 0) this.timer = setTimeout(this.draw, this.pause(speed));
  };

  /** How long nothing is seen to move, in ms. */
  private pause(speed: number): number {
    const height = Math.max(this.view.distance - (this.follow === null ? 1 : 0), 0.02) * EARTH_RADIUS_KM;
    const kmPerPixel = (2 * Math.tan((this.view.camera.fov * Math.PI) / 360) * height) / Math.max(this.canvas.clientHeight, 1);
    return Math.min((1_000 * STILL_PIXELS * kmPerPixel) / (FAST_KM_S * Math.abs(speed)), LONGEST_WAIT_MS);
  }

  private count(began: number): void {
    const now = performance.now();
    this.stats.drawMs = now - began;
    this.drawn.count += 1;
    if (now - this.drawn.since < 1_000) return;
    this.stats.fps = (this.drawn.count * 1_000) / (now - this.drawn.since);
    this.drawn = { count: 0, since: now };
  }

  private pointRadius(): number {
    return Math.max(POINT_RADIUS_PIXELS * this.renderer.getPixelRatio(), LEAST_POINT_RADIUS);
  }

  private place({ element, place }: Mark, timeMs: number): void {
    const at = place(timeMs, new Vector3());
    const hidden = at === null || isBehindEarth(at, this.view.camera.position);
    const seen = at?.project(this.view.camera);
    if (hidden || seen === undefined || seen.z > 1) {
      element.style.visibility = "hidden";
      return;
    }
    element.style.visibility = "visible";
    const x = ((seen.x + 1) / 2) * this.canvas.clientWidth;
    const y = ((1 - seen.y) / 2) * this.canvas.clientHeight;
    element.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
  }

  private pickAt(x: number, y: number): number | null {
    const { clientWidth, clientHeight } = this.canvas;
    return this.objects?.pick(x, y, clientWidth, clientHeight, this.view.camera, PICK_PIXELS) ?? null;
  }

  private readonly click = (event: MouseEvent): void => {
    if (!this.view.dragged) this.listener.onPick(this.pickAt(event.offsetX, event.offsetY));
  };

  private readonly hover = (event: PointerEvent): void => {
    if (event.pointerType !== "mouse" || event.buttons !== 0) return;
    this.hoverAt = { x: event.offsetX, y: event.offsetY };
    this.draw();
  };

  private readonly leave = (): void => {
    this.hoverAt = null;
    this.listener.onHover(null, 0, 0);
  };

  private tellHover(): void {
    if (this.hoverAt === null) return;
    const { x, y } = this.hoverAt;
    this.hoverAt = null;
    this.listener.onHover(this.pickAt(x, y), x, y);
  }

  private readonly resize = (): void => {
    const { clientWidth, clientHeight } = this.canvas.parentElement ?? this.canvas;
    if (clientWidth === 0 || clientHeight === 0) return;
    const ratio = this.quality.pixelRatio(clientWidth, clientHeight);
    this.renderer.setPixelRatio(ratio);
    this.renderer.setSize(clientWidth, clientHeight);
    this.renderer.getDrawingBufferSize(this.picture.size.value);
    this.picture.width.value = LINE_PIXELS * ratio;
    this.objects?.setRadius(this.pointRadius());
    this.view.camera.aspect = clientWidth / clientHeight;
    this.view.camera.updateProjectionMatrix();
    this.draw();
  };
}

/** A mark's place on a path. */
export function onPath(path: Path): Mark["place"] {
  return (timeMs, into) => {
    const place = positionOn(path, timeMs);
    return place === null ? null : into.set(...place).divideScalar(EARTH_RADIUS_KM);
  };
}

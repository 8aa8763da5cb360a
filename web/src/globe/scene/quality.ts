/** What a picture is made with, by what draws it: a graphics processor, or the processor itself. */

/** Names that drawing in software goes by in Chromium, Mesa, Windows and macOS. */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|lavapipe|swrast|basic render|software/i;
/** So many pixels a processor fills often enough; a larger picture is drawn with larger ones. */
const MOST_PIXELS_IN_SOFTWARE = 1_000_000;
/** Below this, a point is not told from its neighbor. */
const LEAST_RATIO = 0.5;
const MOST_RATIO = 2;

export interface Quality {
  /** Several samples in each pixel. In software this alone takes as long as all else. */
  antialias: boolean;
  /** Levels of the texture with steps between them that are not seen. */
  mipmaps: boolean;
  /** Pixels drawn for one of the page, in a picture of this size on the page. */
  pixelRatio: (width: number, height: number) => number;
}

/** `renderer` is what the browser says that it draws with; null where it gives no context that is fast. */
export function qualityFor(renderer: string | null, devicePixelRatio: number): Quality {
  const software = renderer === null || SOFTWARE.test(renderer);
  return {
    antialias: !software,
    mipmaps: !software,
    pixelRatio: (width, height) => {
      if (!software) return Math.min(devicePixelRatio, MOST_RATIO);
      const affordable = Math.sqrt(MOST_PIXELS_IN_SOFTWARE / Math.max(width * height, 1));
      return Math.max(Math.min(affordable, 1), LEAST_RATIO);
    },
  };
}

/**
 * What the browser says that it draws with; null where it has no context without a major caveat. The caveat alone does not tell:
 * Chromium (156) sees none in SwiftShader.
 */
export function rendererName(): string | null {
  const probe = document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  if (probe === null) return null;
  const unmasked = probe.getExtension("WEBGL_debug_renderer_info");
  const name: unknown = probe.getParameter(unmasked === null ? probe.RENDERER : unmasked.UNMASKED_RENDERER_WEBGL);
  probe.getExtension("WEBGL_lose_context")?.loseContext();
  return String(name);
}

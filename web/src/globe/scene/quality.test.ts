import { describe, expect, it } from "vitest";

import { qualityFor } from "./quality";

/** What browsers say that they draw with. */
const IN_SOFTWARE = [
  "ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero) (0x0000C0DE)), SwiftShader driver)",
  "Google SwiftShader",
  "llvmpipe, or similar",
  "ANGLE (Mesa, llvmpipe (LLVM 15.0.6, 256 bits), OpenGL 4.5)",
  "ANGLE (Microsoft, Microsoft Basic Render Driver (0x0000008C) Direct3D11 vs_5_0 ps_5_0, D3D11)",
  "Apple Software Renderer",
];
const BY_A_GPU = [
  "ANGLE (Intel, Mesa Intel(R) UHD Graphics 620 (KBL GT2), OpenGL 4.6)",
  "ANGLE (NVIDIA, NVIDIA GeForce RTX 3060 Direct3D11 vs_5_0 ps_5_0, D3D11)",
  "Apple GPU",
  "Adreno (TM) 640",
];

describe("what a picture is made with", () => {
  it.each(IN_SOFTWARE)("one sample in each pixel, and no levels of the texture: %s", (renderer) => {
    expect(qualityFor(renderer, 2)).toMatchObject({ antialias: false, mipmaps: false });
  });

  it("the same where no context is without a caveat", () => {
    expect(qualityFor(null, 1)).toMatchObject({ antialias: false, mipmaps: false });
  });

  it.each(BY_A_GPU)("several samples, and the pixels of the screen: %s", (renderer) => {
    const { antialias, mipmaps, pixelRatio } = qualityFor(renderer, 1.5);
    expect({ antialias, mipmaps }).toEqual({ antialias: true, mipmaps: true });
    expect(pixelRatio(3_840, 2_160)).toBe(1.5);
    expect(qualityFor(renderer, 3).pixelRatio(390, 844)).toBe(2);
  });

  it("in software a laptop's picture has the page's pixels, whatever the screen's; a wall display's has fewer, never below half", () => {
    const { pixelRatio } = qualityFor(null, 2);
    expect(pixelRatio(848, 690)).toBe(1);
    const ratio = pixelRatio(1_402, 1_002);
    expect(ratio).toBeLessThan(1);
    expect(1_402 * ratio * 1_002 * ratio).toBeCloseTo(1_000_000, 3);
    expect(pixelRatio(3_322, 2_082)).toBe(0.5);
  });
});

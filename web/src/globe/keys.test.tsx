import { render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";

import { keep } from "@/ui/kept";
import type { GlobeEngine } from "./engine";
import { useGlobeKeys } from "./keys";

afterEach(() => keep("astroshield.single-keys", null));

const view = { turn: vi.fn(), zoom: vi.fn() };
const pause = vi.fn();
// There is no WebGL here, and nothing else of it is asked for.
const ENGINE = { scene: { view } } as unknown as GlobeEngine;

function Globe() {
  useGlobeKeys(ENGINE, pause);
  return <div data-globe tabIndex={0} />;
}

/** What the keys of the globe did. */
async function done(): Promise<number[]> {
  vi.clearAllMocks();
  await userEvent.keyboard("{ArrowLeft}+-= ");
  return [view.turn, view.zoom, pause].map(({ mock }) => mock.calls.length);
}

it("its keys act with the focus nowhere; where those of a single letter are off, its signs act with the focus on it alone", async () => {
  render(<Globe />);
  expect(await done()).toEqual([1, 3, 1]);
  keep("astroshield.single-keys", "off");
  await expect.poll(done).toEqual([1, 0, 0]);
  await userEvent.tab();
  expect(await done()).toEqual([1, 3, 1]);
});

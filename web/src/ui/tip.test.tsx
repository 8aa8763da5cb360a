import { act, fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";

import { EventLink } from "@/conjunctions/columns";
import { DataTable, type Column } from "@/table/data-table";
import { Badge } from "./badge";
import { Dialog } from "./dialog";
import { Heading, Table } from "./table";
import { Tip, TipLayer, TipsInside } from "./tip";

afterEach(() => vi.useRealTimers());

function show(page: React.ReactNode) {
  return render(
    <>
      <TipLayer />
      {page}
    </>,
  );
}

/** jsdom knows no events of a pointer. */
function point(element: Element, type: string, pointerType: "mouse" | "touch") {
  fireEvent(element, Object.assign(new MouseEvent(type, { bubbles: true, cancelable: true }), { pointerType }));
}

/** What whoever hears the page is told with an element. */
function describedAs(element: Element): string {
  const ids = (element.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id !== "");
  return ids.map((id) => document.getElementById(id)?.textContent ?? "nothing").join(" ");
}

it("is shown and told with the focus, and goes with it, and on Escape", async () => {
  show(
    <>
      <Tip says="Monte Carlo">MC</Tip>
      <button>Next</button>
    </>,
  );
  expect(screen.queryByRole("tooltip")).toBeNull();
  await userEvent.tab();
  expect(screen.getByRole("tooltip").textContent).toBe("Monte Carlo");
  expect(describedAs(screen.getByText("MC"))).toBe("Monte Carlo");
  await userEvent.tab();
  expect(screen.queryByRole("tooltip")).toBeNull();
  expect(screen.getByText("MC").hasAttribute("aria-describedby")).toBe(false);
  await userEvent.tab({ shift: true });
  expect(screen.getByRole("tooltip")).toBeTruthy();
  await userEvent.keyboard("{Escape}");
  expect(screen.queryByRole("tooltip")).toBeNull();
});

it("is shown where the pointer rests, stays while the pointer is on it, and keeps another description", async () => {
  vi.useFakeTimers();
  show(
    <>
      <p id="hint">In km</p>
      <button data-tip="All of them" aria-describedby="hint">
        Export
      </button>
      <p>Else</p>
    </>,
  );
  const button = screen.getByRole("button");
  point(button, "pointerover", "mouse");
  expect(screen.queryByRole("tooltip")).toBeNull();
  act(() => vi.runAllTimers());
  expect(describedAs(button)).toBe("In km All of them");
  point(screen.getByText("Else"), "pointerover", "mouse");
  point(screen.getByRole("tooltip"), "pointerover", "mouse");
  act(() => vi.runAllTimers());
  expect(screen.getByRole("tooltip")).toBeTruthy();
  point(screen.getByText("Else"), "pointerover", "mouse");
  act(() => vi.runAllTimers());
  expect(screen.queryByRole("tooltip")).toBeNull();
  expect(button.getAttribute("aria-describedby")).toBe("hint");
});

it("is shown by a tap on words, and by a finger that stays on what a tap would press", () => {
  vi.useFakeTimers();
  const pressed = vi.fn();
  show(
    <>
      <Tip says="No covariance">max</Tip>
      <button data-tip="Keep it in the middle" onClick={pressed}>
        Follow
      </button>
    </>,
  );
  const tap = (element: Element) => point(element, "click", "touch");
  tap(screen.getByText("max"));
  expect(screen.getByRole("tooltip").textContent).toBe("No covariance");
  tap(screen.getByText("max"));
  expect(screen.queryByRole("tooltip")).toBeNull();

  const button = screen.getByRole("button");
  point(button, "pointerdown", "touch");
  point(button, "pointerup", "touch");
  tap(button);
  expect(pressed).toHaveBeenCalledOnce();
  expect(screen.queryByRole("tooltip")).toBeNull();

  point(button, "pointerdown", "touch");
  act(() => vi.runAllTimers());
  expect(screen.getByRole("tooltip").textContent).toBe("Keep it in the middle");
  tap(button);
  expect(pressed).toHaveBeenCalledOnce();
});

it("a finger that was held takes nothing from the keys, nor from a click that is of no finger", () => {
  vi.useFakeTimers();
  const pressed = vi.fn();
  show(
    <button data-tip="Keep it in the middle" onClick={pressed}>
      Follow
    </button>,
  );
  const button = screen.getByRole("button");
  // As where a long press opens the browser's own menu: there is no click.
  const hold = () => {
    point(button, "pointerdown", "touch");
    act(() => vi.runAllTimers());
    point(button, "pointercancel", "touch");
  };
  hold();
  // As of a screen reader, which presses no key of the page.
  fireEvent.click(button);
  expect(pressed).toHaveBeenCalledTimes(1);
  hold();
  fireEvent.keyDown(document.body, { key: "Tab" });
  point(button, "click", "touch");
  expect(pressed).toHaveBeenCalledTimes(2);
});

it("what has the focus shows all tips in it, which do not stop Tab themselves", async () => {
  show(
    <a href="#alert">
      <TipsInside>
        <Badge tip="Still to come">Active</Badge> <Tip says="2026-11-30 01:00:00 UTC">2 h ago</Tip>
      </TipsInside>
    </a>,
  );
  await userEvent.tab();
  expect(document.activeElement).toBe(screen.getByRole("link"));
  expect(describedAs(screen.getByRole("link"))).toBe("Still to come\n2026-11-30 01:00:00 UTC");
});

it("goes with what it is of, and says what that means now", async () => {
  const { rerender } = show(<Tip says="Show times of this place">UTC</Tip>);
  await userEvent.tab();
  const anew = (tip: React.ReactNode) =>
    rerender(
      <>
        <TipLayer />
        {tip}
      </>,
    );
  anew(<Tip says="Show times in UTC">Local</Tip>);
  await expect.poll(() => screen.getByRole("tooltip").textContent).toBe("Show times in UTC");
  anew(null);
  await expect.poll(() => screen.queryByRole("tooltip")).toBeNull();
});

it("takes Escape before the dialog that it is shown in", async () => {
  const close = vi.fn();
  show(
    <Dialog open onOpenChange={close} title="Wide">
      <Tip says="In the plane">sigma</Tip>
    </Dialog>,
  );
  while (document.activeElement !== screen.getByText("sigma")) await userEvent.tab();
  expect(screen.getByRole("tooltip")).toBeTruthy();
  await userEvent.keyboard("{Escape}");
  expect(screen.queryByRole("tooltip")).toBeNull();
  expect(close).not.toHaveBeenCalled();
  await userEvent.keyboard("{Escape}");
  expect(close).toHaveBeenCalledOnce();
});

interface Row {
  id: string;
}
const COLUMNS: Column<Row>[] = [
  { id: "name", header: "Name", meta: { tip: "What it is called" }, cell: ({ row }) => row.original.id },
  { id: "method", header: "Method", meta: { tip: "How it was computed" }, cell: ({ row }) => <Tip says={`Method of ${row.original.id}`}>2D</Tip> },
  { id: "grade", header: "Grade", cell: ({ row }) => <Badge tip={`Grade of ${row.original.id}`}>GP</Badge> },
];

it("in a table, arrows go from a row to its tips and back, and from the first row to the headings", async () => {
  const open = vi.fn();
  show(<DataTable label="Events" columns={COLUMNS} rows={[{ id: "one" }, { id: "two" }]} rowId={({ id }) => id} onOpen={open} />);
  await userEvent.tab();
  const row = document.activeElement;
  expect(row?.getAttribute("data-row")).toBe("0");
  await userEvent.keyboard("{ArrowRight}");
  expect(screen.getByRole("tooltip").textContent).toBe("Method of one");
  await userEvent.keyboard("{ArrowRight}");
  expect(screen.getByRole("tooltip").textContent).toBe("Grade of one");
  await userEvent.keyboard("{ArrowLeft}{ArrowLeft}");
  expect(document.activeElement).toBe(row);
  expect(screen.queryByRole("tooltip")).toBeNull();
  await userEvent.keyboard("{ArrowUp}");
  expect(screen.getByRole("tooltip").textContent).toBe("What it is called");
  await userEvent.keyboard("{ArrowRight}");
  expect(screen.getByRole("tooltip").textContent).toBe("How it was computed");
  await userEvent.keyboard("{ArrowDown}{ArrowDown}{ArrowRight}{Enter}");
  expect(screen.getByRole("tooltip").textContent).toBe("Method of two");
  expect(open).toHaveBeenCalledWith({ id: "two" });
  // Rows are gone through by arrows: only one of them, and none of its tips, stops Tab.
  await userEvent.tab();
  expect(document.activeElement).toBe(document.body);
});

it("in a table, arrows reach a link that Tab does not, and it shows the tip of what is in it", async () => {
  const columns: Column<Row>[] = [
    {
      id: "tca",
      header: "TCA",
      cell: ({ row }) => (
        <EventLink id={row.original.id}>
          <Tip says="2026-11-30 01:00:00 UTC">01:00</Tip>
        </EventLink>
      ),
    },
    ...COLUMNS,
  ];
  show(<DataTable label="Events" columns={columns} rows={[{ id: "one" }]} rowId={({ id }) => id} />);
  await userEvent.tab();
  await userEvent.keyboard("{ArrowRight}");
  expect(document.activeElement).toBe(screen.getByRole("link"));
  expect(describedAs(screen.getByRole("link"))).toBe("2026-11-30 01:00:00 UTC");
  // What is in it is no step of its own.
  await userEvent.keyboard("{ArrowRight}");
  expect(screen.getByRole("tooltip").textContent).toBe("Method of one");
});

it("a small table is one stop, from which arrows lead to the headings and on", async () => {
  show(
    <Table label="Feeds">
      <thead>
        <tr>
          <Heading tip="Age from which on it is stale">Stale after</Heading>
        </tr>
      </thead>
      <tbody>
        <tr>
          <td>
            <Badge tip="It answered">good</Badge>
          </td>
        </tr>
      </tbody>
    </Table>,
  );
  await userEvent.tab();
  expect(document.activeElement).toBe(screen.getByRole("region", { name: "Feeds" }));
  await userEvent.keyboard("{ArrowRight}");
  expect(describedAs(screen.getByText("Stale after"))).toBe("Age from which on it is stale");
  await userEvent.keyboard("{ArrowRight}");
  expect(describedAs(screen.getByText("good"))).toBe("It answered");
});

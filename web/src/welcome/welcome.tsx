"use client";

/** What the console shows, and what the data behind it can and cannot tell. */
import type { Route } from "next";
import Link from "next/link";
import { useEffect, type ReactNode } from "react";

import { Kbd } from "@/shell/keys";
import { WELCOMED } from "@/signin/next";
import { Button } from "@/ui/button";
import { keep } from "@/ui/kept";
import { PageHeader, Panel } from "@/ui/panel";
import { GRADES, METHODS } from "@/units/words";
import { Here } from "./here";
import { Thresholds } from "./thresholds";

export function Welcome() {
  useEffect(() => keep(WELCOMED, "yes"), []);
  return (
    <>
      <PageHeader
        title="What you see here"
        note="Close approaches of everything in the catalog for the coming days, how likely each collision is, and how good the data behind that is."
        actions={
          <Button kind="primary" asChild>
            <Link href="/">To today&apos;s page</Link>
          </Button>
        }
      />
      <div className="grid gap-3 xl:grid-cols-3">
        <div className="flex flex-col gap-3">
          <Here />
          <Silence />
        </div>
        <CannotTell />
        <Panel title="Path of a day">
          <ol className="flex list-decimal flex-col gap-1.5 pl-5">
            <li>
              <To href="/watch-lists">Name your satellites</To> in a watch list: with their size, and from which distance and probability on an event matters.
            </li>
            <li>
              <To href="/">Today</To>: what is new, what rose, what is over since your last visit.
            </li>
            <li>
              <To href="/conjunctions">Conjunctions</To>: all of them, filtered and in order; the address keeps the view.
            </li>
            <li>The event: its geometry, its history run by run, the data of both objects, and what was assumed. Note there what you decide.</li>
            <li>
              <To href="/rules">Alert rules</To> tell you by mail or webhook, so that nobody has to look all day.
            </li>
          </ol>
          <p className="mt-3 text-quiet">
            <Kbd>/</Kbd> searches objects and pages, <Kbd>g</Kbd> and a letter goes to a page, <Kbd>?</Kbd> lists the keys.
          </p>
        </Panel>
        <Panel title="How good the data is: grades" className="xl:col-span-2">
          <Terms>
            {Object.values(GRADES).map(({ short, means }) => (
              <Term key={short} name={short}>
                {means}
              </Term>
            ))}
          </Terms>
          <p className="mt-3 text-quiet">
            An event is as good as the worse of its two objects. Ephemerides and messages of your own come in at <To href="/uploads">Uploads</To>.
          </p>
        </Panel>
        <Panel title="Thresholds">
          <Thresholds />
        </Panel>
        <Panel title="Probability of collision" className="xl:col-span-2">
          <Terms>
            <Term name="Maximum probability">
              {METHODS.maximum.means} Each object is taken to err three times as much along its track as across it, and the miss to lie where it matters
              most. It is marked with ≤.
            </Term>
            <Term name="Dilution">
              The size of the errors, in km, at which that maximum is reached. If the data is worse than that, the probability falls only because less is
              known: a small number is no comfort there, and better data can raise it.
            </Term>
            <Term name="Probability">
              With covariances of both objects, from messages or ephemerides: an estimate. The event names the method, as some do not hold for slow
              encounters.
            </Term>
            <Term name="Size">
              Objects count as spheres. The radius of each stands at the event: a default by the name, unless a watch list says another one.
            </Term>
          </Terms>
        </Panel>
        <Panel title="Kinds of events">
          <Terms>
            <Term name="Conjunction">A closest approach of two objects below the screening distance. Each one is a row of its own.</Term>
            <Term name="Relation">
              A pair that is never apart by more than that in the whole window: docked, tethered, or in formation. It is one row with the closest point, and
              left out unless you ask for it.
            </Term>
            <Term name="Cleared">The newest run that looked no longer finds the event. It stays in the list of what was, with its history.</Term>
            <Term name="At the edge">The closest point lies at the edge of the window: the distance may get smaller outside of it.</Term>
          </Terms>
        </Panel>
      </div>
    </>
  );
}

function CannotTell() {
  return (
    <Panel title="What it cannot tell">
      <ul className="flex list-disc flex-col gap-1.5 pl-5">
        <li>
          <strong>Whether to maneuver, from public element sets alone.</strong> They come without covariance, and their errors grow to some km within days.
          They serve awareness. For a decision, get your operator&apos;s data or a conjunction data message.
        </li>
        <li>What is not in the catalog: small debris, objects that are not published, and maneuvers since the last element set.</li>
        <li>
          What could not be screened: element sets that are too old, and objects that decay in the window. <To href="/feeds">Each run</To> lists them with the
          reason.
        </li>
        <li>Intent. Public data cannot support a judgement of it, and none is made.</li>
      </ul>
    </Panel>
  );
}

function Silence() {
  return (
    <Panel title="Silence is an alarm" className="flex-1">
      <p>
        No event on the screen may mean that none is near, or that nothing was screened. So the age of the data stands on every page, and a feed that brings
        nothing new, an old catalog or a run that is overdue raises an <To href="/alerts">alert</To> by itself.
      </p>
    </Panel>
  );
}

function To({ href, children }: { href: Route; children: ReactNode }) {
  return (
    <Link href={href} className="text-accent underline">
      {children}
    </Link>
  );
}

function Terms({ children }: { children: ReactNode }) {
  return <dl className="grid grid-cols-[max-content_1fr] gap-x-4 gap-y-1.5 max-sm:grid-cols-1">{children}</dl>;
}

function Term({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="font-medium">{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

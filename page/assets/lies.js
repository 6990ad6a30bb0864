// Who has said two things about one slot, and to whom: a liar's contradicting digests side by side.

import { html, useEffect, useState } from "quorate/preact";
import { entry, processOf } from "quorate/trace";
import { batch, list } from "quorate/words";

const VOTES = ["pre-prepare", "prepare", "commit"];

/** What was heard of each trace: per slot, per speaker, kind and view, per digest, who heard it first where. */
const heard = new WeakMap();

function take(trace) {
  if (!heard.has(trace)) heard.set(trace, { taken: 0, slots: new Map() });
  const known = heard.get(trace);
  for (; known.taken < trace.events.length; known.taken++) {
    const event = trace.events[known.taken];
    if (event.kind !== "receive" || !VOTES.includes(event.type) || event.slot === undefined) continue;
    const sent = trace.sentBy(event);
    // What was altered on its way, or sent under another's name, is nothing that the process has said.
    const own = sent === undefined ? event : trace.events[sent];
    if (own.digest !== event.digest || (sent !== undefined && processOf(own.p) !== processOf(event.from))) continue;
    const speakers = entry(known.slots, event.slot, () => new Map());
    const said = entry(speakers, `${processOf(event.from)} ${event.type} ${event.view}`, () => new Map());
    const told = entry(said, event.digest, () => new Map());
    if (!told.has(event.p)) told.set(event.p, known.taken);
  }
  return known.slots;
}

/**
 * Whoever has said two things of one kind in one view about a slot, up to a place.
 * @returns {{by: string, type: string, view: number, sides: {digest: string | undefined, to: string[], place: number}[]}[]}
 */
export function contradictions(trace, slot, place) {
  const found = [];
  for (const [key, said] of take(trace).get(slot) ?? []) {
    if (said.size < 2) continue;
    const sides = [];
    for (const [digest, told] of said) {
      const until = [...told].filter(([, at]) => at <= place);
      if (until.length > 0) sides.push({ digest, to: until.map(([name]) => name), place: until[0][1] });
    }
    const [by, type, view] = key.split(" ");
    if (sides.length > 1) found.push({ by, type, view: Number(view), sides });
  }
  return found;
}

/** The contradictions about a slot, each with its digests side by side. */
export function Lies({ trace, slot, place, go }) {
  // The page shows first what needs no look at the whole trace.
  const [isReady, setReady] = useState(false);
  useEffect(() => {
    const waiting = setTimeout(() => setReady(true), 0);
    return () => clearTimeout(waiting);
  }, []);
  if (!isReady || slot === undefined) return null;
  return contradictions(trace, slot, place).map(
    ({ by, type, view, sides }) => html`<figure class="lie" key=${`${by} ${type} ${view}`}>
      <figcaption><span aria-hidden="true">▲</span> ${by} says two things: its ${type.toUpperCase()} in view ${view}, slot ${slot}</figcaption>
      <ul>
        ${sides.map(
          (side) => html`<li key=${side.digest}>
            <strong>${batch(side.digest)}</strong> <button type="button" onClick=${() => go(side.place)}>to ${list(side.to)}</button>
          </li>`,
        )}
      </ul>
    </figure>`,
  );
}

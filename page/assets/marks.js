// The marks under the slider: where views start, slots are decided, faults change, proofs are made, and where a rule is broken.

import { PHASES } from "quorate/trace";
import { list, sentence } from "quorate/words";

/** How many marks of views, faults and proofs there are at most, the latest; and of decisions, spread over the run. */
const MOST = 400;
const DECISIONS = 250;

/** @returns {{place: number, kind: string, words: string}[]} */
export function marks(trace) {
  return [
    ...decisions(trace),
    ...trace.turns.slice(-MOST).map((place) => ({ place, kind: trace.events[place].kind, words: sentence(trace.events[place]) })),
    ...violations(trace),
  ];
}

/** Where each slot is executed first, or some of them. */
function decisions(trace) {
  const first = [];
  const last = (phases) => phases.at(-1)[0];
  for (const [slot, processes] of trace.slots) {
    const places = [...processes.values()].map(last).filter((place) => place !== undefined);
    if (places.length > 0) first.push({ place: Math.min(...places), slot });
  }
  first.sort((a, b) => a.place - b.place);
  const step = Math.max(Math.ceil(first.length / DECISIONS), 1);
  return first
    .filter((_, number) => number % step === 0)
    .map(({ place, slot }) => ({ place, kind: "execute", words: `slot ${slot} is decided: ${trace.events[place].p} executes it first` }));
}

/** Where a disagreement shows, and where a run ends because a rule is broken. */
export function violations(trace) {
  const end = trace.events.length - 1;
  const found = trace.forks(end).map(({ slot, sides }) => {
    // It shows when the second side has committed.
    const firsts = [...sides].map(([digest, names]) => Math.min(...names.map((name) => committedAt(trace, slot, name, digest))));
    firsts.sort((a, b) => a - b);
    const words = [...sides].map(([digest, names]) => `${list(names)} ${digest}`).join(" against ");
    return { place: firsts[1], kind: "violation", words: `DISAGREEMENT in slot ${slot}: ${words}` };
  });
  const { violation } = trace.header;
  return violation === undefined ? found : [...found, { place: end, kind: "violation", words: violation }];
}

function committedAt(trace, slot, name, digest) {
  const places = trace.slots.get(slot).get(name)[PHASES.indexOf("committed")];
  return places.find((place) => trace.events[place].digest === digest);
}

/** A number that changes when so many more slots are known that the marks of the decisions should be made again. */
export const grain = (slots) => (slots < 64 ? slots : Math.floor(64 * Math.log2(slots)));

// Why a process decided: from its decision back to the COMMITs, the PREPAREs, the proposal and the requests. And why not yet.

import { PHASES, processOf, upTo } from "quorate/trace";

/**
 * The votes of one kind that a process had when a certificate was complete.
 * @typedef {{kind: string, needed: number, votes: Map<string, {digest: string, place: number, counts: boolean}[]>}} Votes
 */

/**
 * What led a process to where it is in a slot, up to a place.
 * `phase` is the number of the phase that it has reached; `view` and `digest` are those of its latest certificate or proposal.
 */
export function why(trace, process, slot, place) {
  const reached = trace.phase(slot, process, place);
  const about = subject(trace, process, slot, place);
  if (about === undefined) return { process, slot, ...reached, known: false };
  const { view, digest } = about;
  const end = (phase) => lastOf(trace, process, slot, phase, view, digest, place) ?? place;
  const accepted = lastOf(trace, process, slot, "accept", view, digest, place);
  const proposed = proposal(trace, process, slot, view, digest, place);
  return {
    process,
    slot,
    known: true,
    ...reached,
    view,
    digest,
    primary: trace.primary(view),
    proposal: proposed,
    accepted,
    origin: origin(trace, proposed ?? accepted),
    // The primary's proposal stands for its PREPARE.
    prepares: votes(trace, process, "prepare", slot, view, digest, end("prepared"), trace.quorum - 1),
    commits: votes(trace, process, "commit", slot, view, digest, end("committed"), trace.quorum),
    proof: proofOf(trace, process, slot, view, digest, end("committed")),
    prepared: lastOf(trace, process, slot, "prepared", view, digest, place),
    committed: lastOf(trace, process, slot, "committed", view, digest, place),
    executed: last(trace, process, slot, "execute", place),
  };
}

/** The view and the batch that it is about: what was committed, or else prepared, or else accepted last. */
function subject(trace, process, slot, place) {
  for (const phase of ["committed", "prepared", "accept"]) {
    const at = last(trace, process, slot, phase, place);
    if (at !== undefined) return trace.events[at];
  }
  return undefined;
}

function places(trace, process, slot, phase) {
  return trace.slots.get(slot)?.get(process)?.[PHASES.indexOf(phase)] ?? [];
}

function last(trace, process, slot, phase, place) {
  const all = places(trace, process, slot, phase);
  const count = upTo(all, place);
  return count === 0 ? undefined : all[count - 1];
}

/** A process that has started again may get as far a second time. */
function lastOf(trace, process, slot, phase, view, digest, place) {
  return places(trace, process, slot, phase).findLast((at) => {
    const event = trace.events[at];
    return at <= place && event.view === view && event.digest === digest;
  });
}

/** What the process did up to an event, since it had started the last time. It remembers nobody's votes from before. */
function lifeUpTo(trace, process, end) {
  const { all, of } = trace.processes.get(process);
  const starts = upTo(of.start, end);
  const from = starts === 0 ? 0 : upTo(all, of.start[starts - 1] - 1);
  return all.slice(from, upTo(all, end));
}

/** Where it got or made the PRE-PREPARE. */
function proposal(trace, process, slot, view, digest, place) {
  const all = trace.processes.get(process).all;
  return all.find((at) => {
    const event = trace.events[at];
    const told = event.kind === "receive" || event.kind === "send";
    const same = event.slot === slot && event.view === view && event.digest === digest;
    return at <= place && told && event.type === "pre-prepare" && same;
  });
}

/**
 * What a proposal follows from. `at`: the first event of all that led to it, one after another, at the primary and at who has requested it.
 * `request`: where the request was sent, if the primary proposed it as soon as it had it. A request that has waited is named by no event.
 */
function origin(trace, place) {
  let [at, request] = [place, undefined];
  while (at !== undefined) {
    const event = trace.events[at];
    const isRequest = event.type === "request";
    if (isRequest && event.kind === "send") request = at;
    const goesOn = event.kind !== "receive" || isRequest || at === place;
    const before = !goesOn ? undefined : event.kind === "receive" ? trace.sentBy(event) : trace.byName.get(event.cause);
    if (before === undefined) return { at, request };
    at = before;
  }
  return undefined;
}

/** Where somebody sent it the COMMITs as one proof, if that was so. */
function proofOf(trace, process, slot, view, digest, end) {
  return lifeUpTo(trace, process, end).find((at) => {
    const event = trace.events[at];
    const same = event.slot === slot && event.view === view && event.digest === digest;
    return event.kind === "receive" && event.type === "committed" && same;
  });
}

/** After which event a process counts its own vote. It counts before it is sent. */
const OWN = { prepare: "accept", commit: "prepared" };

/** The votes that it had heard, its own among them, up to an event. Those for another batch do not count. */
function votes(trace, process, kind, slot, view, digest, end, needed) {
  const heard = new Map(trace.voters.map((name) => [name, []]));
  for (const at of lifeUpTo(trace, process, end)) {
    const event = trace.events[at];
    if (event.slot !== slot || event.view !== view) continue;
    const isVote = event.kind === "receive" && event.type === kind;
    const by = isVote ? event.from : event.kind === OWN[kind] ? process : undefined;
    const ofThem = by === undefined ? undefined : heard.get(processOf(by));
    if (ofThem === undefined) continue;
    if (!ofThem.some((one) => one.digest === event.digest))
      ofThem.push({ digest: event.digest, place: at, counts: event.digest === digest });
  }
  return { kind, needed, votes: heard };
}

/** Who has a vote that counts. */
export const voters = (votes) =>
  [...votes.votes].filter(([, said]) => said.some((one) => one.counts)).map(([name]) => name);

/** Who has said two things. */
export const contradicting = (votes) =>
  [...votes.votes].filter(([, said]) => said.length > 1).map(([name]) => name);

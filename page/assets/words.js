// Events and states in words.

import { TWIN, isEnd, isPause } from "quorate/trace";

/** `1.234567 s`, from the first event on. */
export const time = (trace, t_us) => `${((t_us - trace.first) / 1e6).toFixed(6)} s`;

/** `P`, `P and Q`, `P, Q and R`. */
export function list(names) {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** `PREPARE 9f2c0011 in view 0, slot 1`. */
export function message(event) {
  const kind = (event.type ?? "message").toUpperCase();
  const place = [
    event.view === undefined ? undefined : `view ${event.view}`,
    event.slot === undefined ? undefined : `slot ${event.slot}`,
  ].filter((part) => part !== undefined);
  const digest = event.digest === undefined ? "" : ` ${event.digest}`;
  return `${kind}${digest}${place.length === 0 ? "" : ` in ${place.join(", ")}`}`;
}

const LOSSES = {
  loss: "the link loses it",
  cut: "the link is cut",
  away: "nobody is there",
  full: "too much waits there",
  damaged: "its bytes are no message",
  refused: "it is refused",
};

/** The batch with a digest. The null batch, which fills a slot that a view change leaves empty, has none. */
export const batch = (digest) => (digest === undefined ? "the null batch" : `batch ${digest}`);

/** What happened, as a sentence without its time. */
export function sentence(event) {
  const { p, view, slot, digest, what } = event;
  switch (event.kind) {
    case "start":
      return event.life ? `${p} starts again` : `${p} starts`;
    case "send":
      return `${p} sends ${event.to === "all" ? "all" : event.to} ${message(event)}${what ? `, ${what}` : ""}`;
    case "receive":
      return `${p} hears ${event.from ?? "somebody"}'s ${message(event)}`;
    case "drop":
      return event.to === undefined
        ? `${p} drops ${event.from ?? "somebody"}'s ${message(event)}: ${LOSSES[event.why] ?? event.why}`
        : `${p}'s ${message(event)} does not reach ${event.to}: ${LOSSES[event.why] ?? event.why}`;
    case "timer":
      return `${p}'s ${what} timer runs out`;
    case "accept":
      return `${p} accepts ${batch(digest)} in view ${view}, slot ${slot}`;
    case "prepared":
      return `${p} has a quorum's PREPAREs for ${batch(digest)} in view ${view}, slot ${slot}`;
    case "committed":
      return `${p} has a quorum's COMMITs for ${batch(digest)} in view ${view}, slot ${slot}`;
    case "execute":
      return `${p} executes slot ${slot}${what ? ` (${what})` : ""}`;
    case "checkpoint":
      return `${p}'s checkpoint of slot ${slot} is ${what}`;
    case "view":
      return what === "starts" ? `${p} is in view ${view}` : `${p} wants view ${view}`;
    case "accuse":
      return `${p} can prove that ${event.accused} is faulty${what ? `: ${what}` : ""}`;
    case "fault":
      if (isEnd(what) || isPause(what)) return `${p} ${what}`;
      return what === "none" ? `${p} is healed` : `${p} is faulty: ${what}`;
    case "call":
      return `somebody asks ${p}: ${what}`;
    case "answer":
      return `${p} answers: ${what}`;
    default:
      return `${p}: ${event.kind}`;
  }
}

/** Who agrees on what, and who lies: the sentence on top. */
export function verdict(trace, place) {
  const { violation } = trace.header;
  const faulty = trace.faulty();
  const correct = trace.names.filter((name) => !faulty.has(name));
  const said = [...faulty].map(([name, what]) => `${name} is ${what === TWIN ? what : `faulty: ${what}`}`);
  const forks = trace.forks(place);
  const need = `${trace.quorum} of ${trace.n} needed`;
  if (violation !== undefined) return { holds: false, text: [violation, ...said, need].join("; ") };
  if (forks.length > 0) {
    const [{ slot, sides }] = forks;
    const parts = [...sides].map(([digest, names]) => `${list(names)} ${digest}`);
    return { holds: false, text: `DISAGREEMENT in slot ${slot}: ${parts.join(" against ")}; ${[...said, need].join("; ")}` };
  }
  const executed = correct.map((name) => trace.state(name, place).executed);
  const least = Math.min(...executed, Infinity);
  const most = Math.max(...executed, 0);
  const slots = (count) => `${count} slot${count === 1 ? "" : "s"}`;
  const agreed =
    correct.length === 0
      ? "nobody is correct"
      : least === most
        ? `${list(correct)} have executed ${slots(most)} alike`
        : `${list(correct)} disagree on nothing: ${least} to ${slots(most)} executed`;
  return { holds: true, text: [agreed, ...said, need].join("; ") };
}

// What the events of a trace add up to over time: operations, waits, messages by kind, and when something was wrong. Each event is looked at
// once, whatever came before it.

import { entry, isEnd, isPause, processOf } from "quorate/trace";

/** The most spans into which the time is divided, and the shortest of them in microseconds. */
const MOST = 240;
const SHORTEST = 1000;

/** The answers that callers wait for: the result of an operation, and the decision of a round. */
const RESULTS = new Set(["outcome", "decided"]);

/** The value below which this share (0 to 1) of the sorted values lies, interpolated between neighbours. */
export function quantile(sorted, share) {
  if (sorted.length === 0) return undefined;
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}

/**
 * From when to when something was wrong. `to`: undefined while it is. `place`: the event that shows it first.
 * @typedef {{kind: "fault" | "cut" | "away", who: string, words: string, from: number, to: number | undefined, place: number}} Window
 */

export class Counts {
  constructor(trace) {
    this.trace = trace;
    this.first = trace.first;
    /** How many events have been looked at. */
    this.taken = 0;
    /** How long a span is, in microseconds, and how many there are. */
    this.width = SHORTEST;
    this.spans = 0;
    /** Per span, the operations that a process executed that was not faulty then. Each slot counts once. */
    this.operations = [];
    /** The same per process, faulty or not. */
    this.operationsBy = new Map();
    /** Per kind of message and span: how many were sent, each once for each recipient. `damaged`: bytes that are no message. */
    this.sent = new Map();
    /** Per span, the messages that went no further. */
    this.lost = [];
    /** Per span, how long callers waited for the answers that they had then, in microseconds: the result of an operation, or a decision. */
    this.answers = [];
    /** Per span, how long each process took from the first proposal of a slot that it knew to executing the slot, in microseconds. */
    this.waits = [];
    /** @type {Window[]} */
    this.windows = [];
    this.slots = new Set();
    this.accepted = new Map();
    this.faults = new Map();
    this.open = new Map();
    /** How many of the open windows are links that are cut. */
    this.cuts = 0;
  }

  /** Looks at events that have come since, at most so many. Returns whether there are more. */
  take(most = Infinity) {
    const { events, times } = this.trace;
    if (this.taken === 0) this.first = this.trace.first;
    const end = Math.min(events.length, this.taken + most);
    for (; this.taken < end; this.taken++) this.#take(events[this.taken], times[this.taken], this.taken);
    return end < events.length;
  }

  #take(event, time, place) {
    const span = this.#span(time);
    const { p } = event;
    if (this.open.has(`away ${p}`) && event.kind !== "drop") this.#close(`away ${p}`, time);
    switch (event.kind) {
      case "send":
        add(entry(this.sent, event.what === "damaged" ? "damaged" : event.type, () => []), span, event.to === "all" ? this.trace.n - 1 : 1);
        break;
      case "drop":
        add(this.lost, span, 1);
        if (event.why === "cut" && event.to !== undefined) this.#cut(`cut ${processOf(p)} ${event.to}`, `${processOf(p)}→${event.to}`, time, place);
        if (event.why === "away" && event.to !== undefined) this.#begin(`away ${event.to}`, "away", event.to, `${event.to} is away`, time, place);
        break;
      case "receive":
        if (this.cuts > 0) this.#arrives(event);
        break;
      case "accept": {
        const known = entry(this.accepted, p, () => new Map());
        if (!known.has(event.slot)) known.set(event.slot, time);
        break;
      }
      case "answer": {
        const call = RESULTS.has(event.what) ? this.trace.sentBy(event) : undefined;
        if (call !== undefined) (this.answers[span] ??= []).push(time - this.trace.times[call]);
        break;
      }
      case "execute":
        this.#execute(event, span, time);
        break;
      case "start":
        this.accepted.delete(p);
        if (isEnd(this.faults.get(p) ?? "")) this.#fault(p, undefined, time, place);
        break;
      case "fault":
        // It says so when it goes on. What was sent to it meanwhile tells since when.
        if (!isPause(event.what)) this.#fault(p, event.what === "none" ? undefined : event.what, time, place);
        break;
      default:
    }
  }

  /** The span of a time. There are never too many: two become one, and so on. */
  #span(time) {
    let span = Math.floor((time - this.first) / this.width);
    while (span >= MOST) {
      this.width *= 2;
      span >>= 1;
      this.spans = (this.spans + 1) >> 1;
      for (const all of [this.operations, this.lost, ...this.operationsBy.values(), ...this.sent.values()]) halve(all, (a, b) => a + b, 0);
      for (const all of [this.answers, this.waits]) halve(all, (a, b) => a.concat(b), []);
    }
    this.spans = Math.max(this.spans, span + 1);
    return span;
  }

  #execute(event, span, time) {
    const { p, slot } = event;
    const operations = Number(/(\d+) operations/.exec(event.what)?.[1] ?? 0);
    add(entry(this.operationsBy, p, () => []), span, operations);
    const isTwin = this.trace.processes.has(`${processOf(p)}'`);
    const isFaulty = isTwin || this.faults.has(p);
    if (!isFaulty && !this.slots.has(slot)) {
      this.slots.add(slot);
      add(this.operations, span, operations);
    }
    const known = this.accepted.get(p);
    const since = known?.get(slot);
    if (since === undefined) return;
    (this.waits[span] ??= []).push(time - since);
    // Those before it were taken over from others, or never will execute.
    for (const before of known.keys()) {
      if (before > slot) break;
      known.delete(before);
    }
  }

  #fault(p, what, time, place) {
    if (this.faults.get(p) === what) return;
    this.#close(`fault ${p}`, time);
    if (what === undefined) this.faults.delete(p);
    else {
      this.faults.set(p, what);
      this.#begin(`fault ${p}`, "fault", p, `${p} ${isEnd(what) ? what : `is faulty: ${what}`}`, time, place);
    }
  }

  /** Something is wrong from now on, if it was not before. */
  #begin(key, kind, who, words, time, place) {
    if (this.open.has(key)) return;
    const window = { kind, who, words, from: time, to: undefined, place };
    this.open.set(key, window);
    this.windows.push(window);
  }

  #close(key, time) {
    const window = this.open.get(key);
    if (window === undefined) return;
    window.to = time;
    this.open.delete(key);
  }

  /** A message is lost because the link is cut: from the first of them to the last. */
  #cut(key, who, time, place) {
    if (!this.open.has(key)) this.cuts++;
    this.#begin(key, "cut", who, who, time, place);
    this.open.get(key).to = time;
  }

  /** What was sent after the last that was cut off shows that the link is whole again. */
  #arrives(event) {
    const key = `cut ${processOf(event.from)} ${processOf(event.p)}`;
    const window = this.open.get(key);
    const sent = window === undefined ? undefined : this.trace.sentBy(event);
    if (sent === undefined || this.trace.times[sent] <= window.to) return;
    this.open.delete(key);
    this.cuts--;
  }

  /** When the middle of each span is, in seconds from the first event on. */
  middles() {
    return Array.from({ length: this.spans }, (_, span) => ((span + 0.5) * this.width) / 1e6);
  }

  /** How many seconds all spans have. */
  seconds() {
    return (Math.max(this.spans, 1) * this.width) / 1e6;
  }

  /** Numbers of spans as numbers a second. */
  perSecond(counts) {
    return Array.from({ length: this.spans }, (_, span) => ((counts?.[span] ?? 0) * 1e6) / this.width);
  }

  /** What this share of the waits (`answers` or `waits`) of each span is below, in milliseconds; null where nobody waited. */
  below(all, share) {
    return Array.from({ length: this.spans }, (_, span) => {
      const waits = all[span] ?? [];
      sort(waits);
      return waits.length === 0 ? null : quantile(waits, share) / 1000;
    });
  }

  /** What half and what 99 of 100 of the waits of some spans are below, in milliseconds. */
  within(all, low = 0, high = this.spans) {
    const waits = all.slice(low, high).flat();
    sort(waits);
    return [0.5, 0.99].map((share) => (waits.length === 0 ? undefined : quantile(waits, share) / 1000));
  }

  /**
   * Per span, the most bytes that waited then; null where nobody has asked.
   * @param {import("quorate/live").Waiting[]} waiting
   * @param {(one: import("quorate/live").Waiting) => number} bytes
   */
  waited(waiting, bytes) {
    const most = new Array(this.spans).fill(null);
    for (const one of waiting) {
      const span = Math.floor((one.t_us - this.first) / this.width);
      if (span >= 0 && span < this.spans) most[span] = Math.max(most[span] ?? 0, bytes(one));
    }
    return most;
  }

  /** Per span, the messages of these kinds. */
  sentOf(kinds) {
    const sums = new Array(this.spans).fill(0);
    for (const kind of kinds) this.sent.get(kind)?.forEach((count, span) => (sums[span] += count));
    return sums;
  }

  /** All that was wrong, in order. Links that were cut at the same time stand together. */
  wrong() {
    const end = this.trace.last;
    const all = this.windows.filter(({ kind }) => kind !== "cut").map((window) => ({ ...window, to: window.to ?? end, lasts: window.to === undefined }));
    let group;
    for (const cut of this.windows.filter(({ kind }) => kind === "cut")) {
      if (group !== undefined && cut.from <= group.to) {
        group.links.add(cut.who);
        group.to = Math.max(group.to, cut.to);
        continue;
      }
      group = { kind: "cut", from: cut.from, to: cut.to, place: cut.place, links: new Set([cut.who]), lasts: false };
      all.push(group);
    }
    for (const one of all) if (one.links !== undefined) one.words = cutWords([...one.links]);
    return all.sort((a, b) => a.from - b.from || a.to - b.to);
  }

  /** Sums and shares of the whole run. */
  totals() {
    const shares = (name, all) => {
      const [median, most] = this.within(all);
      return { [`${name}s`]: all.flat().length, [`${name}_median_ms`]: median, [`${name}_p99_ms`]: most };
    };
    const sum = (all) => all.reduce((before, count) => before + count, 0);
    return {
      operations: sum(this.operations),
      operationsBy: Object.fromEntries([...this.operationsBy].map(([name, all]) => [name, sum(all)])),
      sent: Object.fromEntries([...this.sent].map(([kind, all]) => [kind, sum(all)])),
      lost: sum(this.lost),
      ...shares("answer", this.answers),
      ...shares("wait", this.waits),
    };
  }
}

/** `cut: P→Q and P→R`, or how many. */
function cutWords(links) {
  if (links.length <= 4) return `cut: ${links.join(", ")}`;
  return `${links.length} links are cut, ${links[0]} first`;
}

function add(counts, span, more) {
  while (counts.length <= span) counts.push(0);
  counts[span] += more;
}

function halve(all, both, nothing) {
  const length = (all.length + 1) >> 1;
  for (let at = 0; at < length; at++) all[at] = both(all[2 * at] ?? nothing, all[2 * at + 1] ?? nothing);
  all.length = length;
}

/** Sorts in place. What is sorted already, as all spans but the last ones are, is quick. */
const sort = (values) => values.sort((a, b) => a - b);

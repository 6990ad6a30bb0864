// A trace in memory: its events, and what each of them has to do with the others.

/**
 * An event, as docs/trace.md describes it.
 * @typedef {{i: number, life?: number, t_us: number, p: string, kind: string, msg?: string, from?: string, to?: string, type?: string,
 *   view?: number, slot?: number, digest?: string, why?: string, accused?: string, what?: string, cause?: string}} Event
 */

/** The phases of a slot at a process, in order. The place in this list is the phase's number; 0 is "nothing". */
export const PHASES = ["nothing", "accept", "prepared", "committed", "execute"];

/** How many entries of a rising list are at most `limit`. */
export function upTo(list, limit) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `Q-33`, or `Q-1.33` in a later life. */
export const nameOf = (event) => `${event.p}-${event.life ? `${event.life}.` : ""}${event.i}`;

/** The number of a process by its name: P to Z are 0 to 10, P2 is 11, and so on. P' is the second of two twins of P. */
export function indexOf(name) {
  const [, letter, lap] = /^([P-Z])(\d*)/.exec(name) ?? [];
  if (letter === undefined) throw new Error(`'${name}' is no name of a process`);
  return letter.charCodeAt(0) - "P".charCodeAt(0) + 11 * (lap === "" ? 0 : Number(lap) - 1);
}

/** How a process that runs twice is faulty. */
export const TWIN = "a twin";

/** What the words of a `fault` say of a process that is correct all the same: it has ended, or stood still. */
export const isEnd = (what) => what.startsWith("ends");
export const isPause = (what) => what === "was paused";

/** The process behind a name: two twins are one process to all others, and have one vote. */
export const processOf = (name) => name.replace(/'$/, "");

/** About how many letters of a stream are parsed at a time. */
const PIECE = 1 << 18;

/** What stands in lines of JSON, the first of which has the number `line`. To parse them at once is faster than one by one. */
function parsed(text, line) {
  const lines = text.trimEnd();
  if (lines === "") return [];
  try {
    return JSON.parse(`[${lines.replaceAll("\n", ",")}]`);
  } catch {
    return lines.split("\n").map((one, place) => {
      try {
        return JSON.parse(one);
      } catch (error) {
        throw new Error(`line ${line + place} of the trace: ${error.message}`);
      }
    });
  }
}

/** The seed of a simulated run, in digits. A number here does not hold all that a seed may have; the command and the plan say it, too. */
function seedOf({ seed, command, plan = "" }) {
  if (seed === undefined || Number.isSafeInteger(seed)) return seed?.toString();
  const [, inCommand, inPlan] = / --seed (\d+)|^seed = "?(\d+)/m.exec(`${command}\n${plan}`) ?? [];
  return inCommand ?? inPlan;
}

export class Trace {
  /** Reads JSON Lines: the header, then the events. */
  static parse(text) {
    const [header, ...events] = parsed(text, 1);
    if (header === undefined) throw new Error("the trace is empty");
    return new Trace(header, events);
  }

  /** The same from a stream of bytes, piece by piece as they come. */
  static async read(stream) {
    const words = stream.pipeThrough(new TextDecoderStream()).getReader();
    let [trace, rest, line] = [undefined, "", 1];
    for (let ended = false; !ended; ) {
      const { value, done } = await words.read();
      ended = done;
      rest += value ?? "";
      if (!ended && rest.length < PIECE) continue;
      const end = ended ? rest.length : rest.lastIndexOf("\n") + 1;
      const found = parsed(rest.slice(0, end), line);
      rest = rest.slice(end);
      line += found.length;
      if (trace === undefined && found.length > 0) trace = new Trace(found.shift(), []);
      trace?.add(found);
    }
    if (trace === undefined) throw new Error("the trace is empty");
    return trace;
  }

  /** `names`: the processes that are known before they do anything. */
  constructor(header, events, names = []) {
    this.header = header;
    this.seed = seedOf(header);
    /** @type {Event[]} */
    this.events = [];
    this.n = header.n;
    this.f = header.f;
    this.quorum = Math.ceil((this.n + this.f + 1) / 2);
    /** The place of each event, by its name. */
    this.byName = new Map();
    /** Per process the places of its events, and of those of some kinds. */
    this.processes = new Map();
    /** Per slot, per process, per phase: where it was reached. */
    this.slots = new Map();
    /** The places of all receptions and losses, in order. */
    this.arrivals = [];
    /** Per sender and recipient, the places at which messages arrive: `P Q`. */
    this.talk = new Map();
    /** The places of what changes a run: views that start, faults, proofs. */
    this.turns = [];
    /** The times of the events. The clocks of live processes differ: each is the latest time so far, which a reader of the list has reached. */
    this.times = [];
    /** Where each view starts first: its number, the time, and the place of the event. */
    this.views = [];
    this.first = 0;
    this.last = 0;
    this.names = [];
    for (const name of names) this.#process(name);
    this.add(events);
  }

  /** Takes events that come later than all others. */
  add(events) {
    if (this.events.length === 0 && events.length > 0) {
      this.first = this.last = events[0].t_us;
      this.views.push({ view: 0, t_us: this.first, place: -1 });
    }
    for (const event of events) {
      const place = this.events.length;
      this.events.push(event);
      this.last = Math.max(this.last, event.t_us);
      this.times.push(this.last);
      this.#take(event, place);
    }
    if (this.names.length !== this.processes.size) {
      this.names = [...this.processes.keys()].sort((a, b) => indexOf(a) - indexOf(b) || a.length - b.length);
      /** The processes, twins once. */
      this.voters = [...new Set(this.names.map(processOf))];
    }
  }

  /** Whether a process runs twice under one key. Then neither of the two is correct. */
  #isTwin(name) {
    return this.processes.has(`${processOf(name)}'`);
  }

  /** The process that proposes in a view. */
  primary(view) {
    return this.voters.find((name) => indexOf(name) === view % this.n) ?? "?";
  }

  #take(event, place) {
    this.byName.set(nameOf(event), place);
    const process = this.#process(event.p);
    process.all.push(place);
    process.of[event.kind]?.push(place);
    const phase = PHASES.indexOf(event.kind);
    if (phase > 0 && event.slot !== undefined) {
      const slot = entry(this.slots, event.slot, () => new Map());
      entry(slot, event.p, () => PHASES.map(() => []))[phase].push(place);
    }
    if (event.kind === "receive" || event.kind === "drop") this.arrivals.push(place);
    if (event.kind === "receive" && event.from !== undefined) entry(this.talk, `${event.from} ${event.p}`, () => []).push(place);
    if (event.kind === "fault" || event.kind === "accuse") this.turns.push(place);
    if (event.kind === "view" && event.what === "starts" && !this.views.some(({ view }) => view === event.view)) {
      this.views.push({ view: event.view, t_us: this.last, place });
      this.turns.push(place);
    }
  }

  #process(name) {
    const kinds = ["view", "fault", "start", "execute", "accuse", "checkpoint"];
    return entry(this.processes, name, () => ({
      all: [],
      of: Object.fromEntries(kinds.map((kind) => [kind, []])),
    }));
  }

  /** The place of the event that sent what this one received or lost. */
  sentBy(event) {
    return event.msg === undefined ? undefined : this.byName.get(event.msg);
  }

  /** The latest event of a kind at a process, up to a place. */
  latest(process, kind, place, fits = () => true) {
    const places = this.processes.get(process).of[kind];
    for (let at = upTo(places, place) - 1; at >= 0; at--)
      if (fits(this.events[places[at]], places[at])) return places[at];
    return undefined;
  }

  /** What is known of a process once the events up to a place have happened. */
  state(process, place) {
    const event = (kind, fits) => {
      const at = this.latest(process, kind, place, fits);
      return at === undefined ? undefined : this.events[at];
    };
    const starts = event("view", (one) => one.what === "starts");
    const view = event("view");
    const executed = event("execute");
    const begun = this.latest(process, "start", place) ?? -1;
    const fault = event("fault", (one, at) => !isPause(one.what) && !(isEnd(one.what) && at < begun))?.what;
    const accusers = this.names.filter(
      (name) => this.latest(name, "accuse", place, (one) => one.accused === process) !== undefined,
    );
    return {
      process,
      started: event("start") !== undefined,
      view: starts?.view ?? 0,
      wants: view !== undefined && view.what === "wanted" ? view.view : undefined,
      executed: executed?.slot ?? 0,
      fault: this.#isTwin(process) ? TWIN : fault === "none" ? undefined : fault,
      accusers,
    };
  }

  /** How far a slot has come at a process, up to a place: a number of a phase, and where it was reached. */
  phase(slot, process, place) {
    const reached = this.slots.get(slot)?.get(process);
    for (let phase = PHASES.length - 1; reached !== undefined && phase > 0; phase--) {
      const count = upTo(reached[phase], place);
      if (count > 0) return { phase, place: reached[phase][count - 1] };
    }
    return { phase: 0, place: undefined };
  }

  /** The digest that a process has committed in a slot, up to a place. */
  committed(slot, process, place) {
    const places = this.slots.get(slot)?.get(process)?.[PHASES.indexOf("committed")] ?? [];
    const count = upTo(places, place);
    return count === 0 ? undefined : this.events[places[count - 1]].digest;
  }

  /** All slots that anybody knows of, up to a place. */
  slotsUpTo(place) {
    const known = [...this.slots.keys()].filter((slot) =>
      [...this.slots.get(slot).values()].some((phases) => phases.some((places) => places[0] <= place)),
    );
    return known.sort((a, b) => a - b);
  }

  /** Who was ever faulty, each with what it did first. */
  faulty() {
    const faulty = new Map();
    for (const name of this.names) {
      const places = this.processes.get(name).of.fault;
      const first = places.map((place) => this.events[place].what).find((what) => what !== "none" && !isEnd(what) && !isPause(what));
      if (first !== undefined || this.#isTwin(name)) faulty.set(name, first ?? TWIN);
    }
    return faulty;
  }

  /** Slots in which processes that were never faulty committed different batches. */
  forks(place) {
    const faulty = this.faulty();
    const correct = this.names.filter((name) => !faulty.has(name));
    const forks = [];
    for (const slot of this.slotsUpTo(place)) {
      const sides = new Map();
      for (const name of correct) {
        const digest = this.committed(slot, name, place);
        if (digest !== undefined) entry(sides, digest, () => []).push(name);
      }
      if (sides.size > 1) forks.push({ slot, sides });
    }
    return forks;
  }
}

/** What a map has under a key; made and put there if it has nothing. */
export function entry(map, key, make) {
  if (!map.has(key)) map.set(key, make());
  return map.get(key);
}

// Processes that run: their trace as it comes, and what is asked of them.

import { Trace } from "quorate/trace";

/** The most events that the page keeps. Then it forgets the older half. */
const MOST = 300_000;
/** After so many milliseconds without a word the stream counts as broken. */
const SILENCE = 10_000;
/** The most times at which the page keeps what waited: the server tells one a second. */
const TIMES = 3600;

/** What the address and this tab know of the token. The address bar does not keep it. */
function takeToken() {
  const said = new URLSearchParams(location.hash.slice(1));
  const token = said.get("token");
  if (token !== null) {
    sessionStorage.setItem("token", token);
    said.delete("token");
    history.replaceState(null, "", said.size === 0 ? location.pathname : `#${said}`);
  }
  return sessionStorage.getItem("token") ?? "";
}

/**
 * The bytes that waited at a time: of each process those for its peers, and those from its peers.
 * @typedef {{t_us: number, bytes: Object<string, [number, number]>}} Waiting
 */

/**
 * How the processes are: {@link Live.now}.
 * @typedef {{processes: {process: string, state: string, reason: string, fault: string | null, links: string[] | null}[],
 *   round: {round: number, finalized: Object<string, string>, ended: boolean} | null, missed: number}} Now
 */

export class Live {
  #token = takeToken();
  /** The number of the last event that came. */
  #last = 0;
  #told = false;

  constructor() {
    /** `connecting`, `open`, `broken`, or `refused`: then nothing will come. */
    this.connection = "connecting";
    /** @type {Trace | undefined} */
    this.trace = undefined;
    /** @type {Now} */
    this.now = { processes: [], round: null, missed: 0 };
    /** @type {Waiting[]} */
    this.waiting = [];
    this.behaviours = [];
    /** How many events have gone by unseen, or were forgotten. */
    this.skipped = 0;
    /** How many places the events have moved back, because older ones were forgotten. */
    this.forgotten = 0;
    this.onChange = () => {};
    this.#follow();
  }

  /** Asks for something; the words say what was done. */
  async ask(deed) {
    const headers = { authorization: `Bearer ${this.#token}`, "content-type": "application/json" };
    const response = await fetch("/do", { method: "POST", headers, body: JSON.stringify(deed) });
    const { done, error } = await response.json();
    if (error !== undefined) throw new Error(error);
    return done;
  }

  /** Reads the stream, and again where it breaks off. */
  async #follow() {
    let pause = 250;
    for (;;) {
      const silence = new AbortController();
      let alarm = setTimeout(() => silence.abort(), SILENCE);
      try {
        const headers = { authorization: `Bearer ${this.#token}`, ...(this.#last > 0 ? { "last-event-id": `${this.#last}` } : {}) };
        const response = await fetch("/live", { headers, signal: silence.signal });
        if (response.status === 401) {
          this.#set("refused");
          return;
        }
        if (!response.ok) throw new Error(response.statusText);
        this.#set("open");
        pause = 250;
        let rest = "";
        const words = response.body.pipeThrough(new TextDecoderStream()).getReader();
        for (;;) {
          const { value, done } = await words.read();
          if (done) break;
          clearTimeout(alarm);
          alarm = setTimeout(() => silence.abort(), SILENCE);
          const parts = (rest + value).split("\n\n");
          rest = parts.pop();
          parts.forEach((part) => this.#take(part));
        }
      } catch {
        // It is tried again, and the page says so meanwhile.
      }
      clearTimeout(alarm);
      this.#set("broken");
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(pause * 2, 4000);
    }
  }

  #take(part) {
    const of = (name) => part.split("\n").find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    const data = of("data");
    if (data === undefined) return;
    const said = JSON.parse(data);
    switch (of("event")) {
      case "cluster":
        this.trace ??= new Trace(said.header, [], said.names);
        this.behaviours = said.behaviours;
        break;
      case "now":
        this.now = said;
        break;
      case "waiting": {
        // After a break it is told again.
        const last = this.waiting.at(-1)?.t_us ?? 0;
        this.waiting.push(...said.filter(({ t_us }) => t_us > last));
        this.waiting.splice(0, Math.max(this.waiting.length - TIMES, 0));
        break;
      }
      case "skipped":
        this.skipped += said.skipped;
        break;
      default:
        this.#last = Number(of("id"));
        this.trace.add(said);
        this.#forget();
    }
    this.#tell();
  }

  #forget() {
    const { events, header, names } = this.trace;
    if (events.length <= MOST) return;
    const kept = events.slice(-MOST / 2);
    this.forgotten += events.length - kept.length;
    this.trace = new Trace(header, kept, names);
  }

  #set(connection) {
    if (this.connection === connection) return;
    this.connection = connection;
    this.#tell();
  }

  /** At most once a frame. */
  #tell() {
    if (this.#told) return;
    this.#told = true;
    requestAnimationFrame(() => {
      this.#told = false;
      this.onChange();
    });
  }
}

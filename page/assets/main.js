// The page: what is chosen, and who shows it.

import { html, render, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "quorate/preact";
import { KINDS, View, draw, nearest } from "quorate/space";
import { Chosen, Log, Processes, Slots, Talk, Verdict, Why, marks } from "quorate/panels";
import { Live } from "quorate/live";
import { Connection, Switches } from "quorate/switches";
import { Trace, upTo } from "quorate/trace";
import { sentence } from "quorate/words";

/** The keys, each with what it does. */
const KEYS = [
  ["Space", "play or pause"],
  ["← →", "one event back or forward"],
  ["Shift + ← →", "one slot back or forward"],
  ["V", "the next view"],
  ["D", "the next decision"],
  ["F", "the next fault"],
  ["B", "how to branch here with another fault"],
  ["/", "search"],
  ["P", "the next process; with Shift, the one before"],
  ["?", "these keys"],
];
/** The keys of processes that run. */
const LIVE_KEYS = [
  ["N", "the next exchange"],
  ["C", "change the behaviour of the chosen process: type it, then Enter"],
  ["L", "the links of the chosen process"],
  ["H", "heal all processes and links"],
  ["End", "follow what happens"],
];

/** The trace that stands in the page, compressed. */
function embedded(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  return Trace.read(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
}

/** What the address says after '#': `#e=417&p=Q&s=3`. */
function fromAddress(trace) {
  const said = new URLSearchParams(location.hash.slice(1));
  const number = (name) => (/^\d+$/.test(said.get(name) ?? "") ? Number(said.get(name)) : undefined);
  const event = number("e");
  const process = said.get("p");
  return {
    place: event === undefined ? undefined : Math.min(Math.max(event - 1, 0), trace.events.length - 1),
    process: trace.names.includes(process) ? process : undefined,
    slot: number("s"),
  };
}

/**
 * `live`: the processes, if they run. Then the trace is theirs, and grows. `story`: the step of a story that is told, if one is. Then the
 * trace ends where the story is, and grows too.
 */
function App({ trace, live, story }) {
  const end = trace.events.length - 1;
  const first = useMemo(() => fromAddress(trace), []);
  const [chosen, setPlace] = useState(first.place);
  const [following, setFollowing] = useState(first.place === undefined);
  const place = following ? end : Math.min(chosen, end);
  const [process, setProcess] = useState(first.process ?? correctOne(trace));
  const [asked, setAsked] = useState(first.slot);
  const [kinds, setKinds] = useState(() => new Set(KINDS.filter((kind) => kind !== "other")));
  const [only, setOnly] = useState(trace.n > 7);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(1);
  const [dialog, setDialog] = useState(undefined);
  const go = useCallback((to) => {
    setPlace(Math.min(Math.max(to, 0), end));
    setFollowing(to >= end);
  }, [end]);
  const slots = useMemo(() => trace.slotsUpTo(place), [trace, place]);
  const slot = slots.includes(asked) ? asked : (lastExecuted(trace, process, place) ?? slots.at(-1));

  // A step of a story shows its own moment.
  const step = useRef(first.place === undefined ? undefined : story?.number);
  useLayoutEffect(() => {
    if (story === undefined || step.current === story.number) return;
    step.current = story.number;
    go(story.place);
    setAsked(story.slot);
    if (story.process !== undefined) setProcess(story.process);
  }, [story, go]);

  const forgotten = useRef(0);
  useLayoutEffect(() => {
    const by = (live?.forgotten ?? 0) - forgotten.current;
    forgotten.current += by;
    if (by > 0) setPlace((at) => Math.max((at ?? 0) - by, 0));
  });
  const where = following ? undefined : place + 1;
  useEffect(() => {
    const said = new URLSearchParams({
      ...(where === undefined ? {} : { e: String(where) }),
      p: process,
      ...(asked === undefined ? {} : { s: String(asked) }),
      ...story?.address,
    });
    // Browsers refuse to write it as often as somebody scrubs.
    const later = setTimeout(() => history.replaceState(null, "", `#${said}`), 100);
    return () => clearTimeout(later);
  }, [where, process, asked, story]);

  useEffect(() => {
    if (!playing) return undefined;
    // The whole run in about 20 seconds, at speed 1.
    const step = Math.max(Math.round((trace.events.length / 1200) * speed), 1);
    const frame = requestAnimationFrame(() => go(place + step));
    return () => cancelAnimationFrame(frame);
  }, [playing, speed, trace, place, go]);
  useLayoutEffect(() => {
    if (following) setPlaying(false);
  }, [following]);

  const next = useCallback((fits) => {
    const at = trace.events.findIndex((event, number) => number > place && fits(event));
    if (at >= 0) go(at);
  }, [trace, place, go, end]);
  const slotStep = useCallback((by) => {
    const places = trace.processes.get(process).of.execute;
    const to = places[upTo(places, by > 0 ? place : place - 1) + (by > 0 ? 0 : -1)];
    if (to !== undefined) go(to);
  }, [trace, process, place, go]);
  const choose = useCallback((name) => {
    setProcess(name);
    setAsked(undefined);
  }, []);
  const chooseNext = useCallback((by) => {
    const { names } = trace;
    choose(names[(names.indexOf(process) + by + names.length) % names.length]);
  }, [trace, process, choose]);
  const keys = useMemo(() => ({
    " ": () => {
      if (following) go(0);
      setPlaying((now) => !now);
    },
    ArrowLeft: (shift) => (shift ? slotStep(-1) : go(place - 1)),
    ArrowRight: (shift) => (shift ? slotStep(1) : go(place + 1)),
    Home: () => go(0),
    End: () => go(end),
    v: () => next((event) => event.kind === "view" && event.what === "starts"),
    d: () => next((event) => event.kind === "execute"),
    f: () => next((event) => event.kind === "fault" || event.kind === "accuse"),
    b: () => setDialog("branch"),
    "/": () => document.getElementById("search").focus(),
    "?": () => setDialog("keys"),
    p: (shift) => chooseNext(shift ? -1 : 1),
    ...story?.keys,
    ...(live === undefined
      ? {}
      : {
          n: () => document.getElementById("next").click(),
          h: () => document.getElementById("heal").click(),
          c: () => document.querySelector(`#now-${process} input`).select(),
          l: () => document.querySelector(`#links [aria-label^="Link from ${process} "]`).focus(),
        }),
  }), [place, end, following, go, next, slotStep, chooseNext, process, live, story]);
  // Before the next key, whose meaning depends on where this one has led.
  useLayoutEffect(() => {
    const pressed = (event) => {
      const typing = event.target.matches("input[type=search], input[type=text], select") || event.target.closest("dialog");
      // A focused button is pressed by Space, and a slider moved by arrows.
      const own = event.target.matches("button, summary, input[type=checkbox]") && event.key === " ";
      const action = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (typing || own || action === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      action(event.shiftKey);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [keys]);

  const ask = (name, number) => {
    setProcess(name);
    setAsked(number);
  };
  const common = { trace, place, go };
  return html`
    <${Verdict} trace=${trace} end=${end} isLive=${live !== undefined} />
    <main>
      ${story?.panel}
      ${live !== undefined && html`<${Connection} live=${live} /><${Switches} live=${live} process=${process} choose=${choose} />`}
      <${SpaceTime} ...${common} kinds=${kinds} setKinds=${setKinds} only=${only ? process : undefined} setOnly=${setOnly} process=${process}
        following=${live !== undefined && following} span=${story?.span} />
      <${Time} ...${common} end=${end} playing=${playing} play=${keys[" "]} speed=${speed} setSpeed=${setSpeed} help=${() => setDialog("keys")} />
      <${Chosen} ...${common} />
      <div id="panels">
        <${Processes} ...${common} chosen=${process} choose=${choose} />
        <${Why} ...${common} slot=${slot} process=${process} />
        <${Slots} ...${common} slot=${slot} process=${process} ask=${ask} />
        <${Talk} ...${common} />
        <${Log} ...${common} />
      </div>
    </main>
    ${dialog !== undefined && html`<${Dialog} what=${dialog} trace=${trace} place=${place} isLive=${live !== undefined} storyKeys=${story?.help} close=${() => setDialog(undefined)} />`}
  `;
}

function correctOne(trace) {
  const faulty = trace.faulty();
  return trace.names.find((name) => !faulty.has(name)) ?? trace.names[0];
}

function lastExecuted(trace, process, place) {
  const at = trace.latest(process, "execute", place);
  return at === undefined ? undefined : trace.events[at].slot;
}

/** The picture, and what it shows. The wheel zooms, dragging moves, a click chooses an event. */
function SpaceTime({ trace, place, go, kinds, setKinds, only, setOnly, process, following, span }) {
  const canvas = useRef(null);
  const view = useRef(undefined);
  const drag = useRef(undefined);
  const [size, setSize] = useState({ width: 800, height: height(trace) });
  const [, redraw] = useState(0);
  useLayoutEffect(() => {
    const measure = new ResizeObserver(([{ contentRect }]) => setSize({ width: contentRect.width, height: height(trace) }));
    measure.observe(canvas.current.parentElement);
    return () => measure.disconnect();
  }, [trace]);
  if (view.current === undefined) view.current = startingView(trace);
  view.current.trace = trace;
  view.current.width = size.width;
  view.current.height = size.height;
  useLayoutEffect(() => {
    if (span !== undefined) Object.assign(view.current, span);
  }, [span?.from, span?.to]);
  useLayoutEffect(() => {
    if (following) view.current.follow();
    else view.current.show(trace.times[place] ?? trace.first);
  }, [place, trace, following]);
  useEffect(() => {
    // The picture has the colours of the scheme.
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const changed = () => redraw((number) => number + 1);
    scheme.addEventListener("change", changed);
    return () => scheme.removeEventListener("change", changed);
  }, []);
  useEffect(() => {
    const ratio = globalThis.devicePixelRatio || 1;
    const [width, tall] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
    if (canvas.current.width !== width || canvas.current.height !== tall) {
      canvas.current.width = width;
      canvas.current.height = tall;
    }
    draw(canvas.current, view.current, place, { kinds, only });
  });
  useLayoutEffect(() => {
    const element = canvas.current;
    const wheel = (event) => {
      event.preventDefault();
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) view.current.move(event.deltaX || event.deltaY);
      else view.current.zoom(Math.exp(event.deltaY / 400), event.offsetX);
      redraw((number) => number + 1);
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, []);
  const down = (event) => {
    drag.current = { x: event.clientX, moved: false };
    event.target.setPointerCapture(event.pointerId);
  };
  const move = (event) => {
    const from = drag.current;
    if (from === undefined) return;
    const by = event.clientX - from.x;
    if (!from.moved && Math.abs(by) < 4) return;
    view.current.move(-by);
    drag.current = { x: event.clientX, moved: true };
    redraw((number) => number + 1);
  };
  const up = (event) => {
    const from = drag.current;
    drag.current = undefined;
    if (from === undefined || from.moved) return;
    const { left, top } = canvas.current.getBoundingClientRect();
    const at = nearest(view.current, event.clientX - left, event.clientY - top);
    if (at !== undefined) go(at);
  };
  const zoom = (factor) => () => {
    view.current.zoom(factor, view.current.x(trace.times[place]));
    redraw((number) => number + 1);
  };
  const toggle = (kind) => () => {
    const chosen = new Set(kinds);
    if (!chosen.delete(kind)) chosen.add(kind);
    setKinds(chosen);
  };
  const words = `Messages between ${trace.names.length} processes over time, up to event ${place + 1}. The log below says the same in words.`;
  return html`<section id="space" aria-label="Space-time picture">
    <div class="tools">
      ${KINDS.map((kind) => html`<label key=${kind} class=${`kind ${kind}`}><input type="checkbox" checked=${kinds.has(kind)} onChange=${toggle(kind)} /> ${kind}</label>`)}
      <label><input type="checkbox" checked=${only !== undefined} onChange=${() => setOnly((now) => !now)} /> only ${process}'s</label>
      <button type="button" onClick=${zoom(0.5)} aria-label="Zoom in">+</button>
      <button type="button" onClick=${zoom(2)} aria-label="Zoom out">−</button>
    </div>
    <div class="picture" style=${`height: ${size.height}px`}>
      <canvas ref=${canvas} role="img" aria-label=${words} onPointerDown=${down} onPointerMove=${move} onPointerUp=${up}></canvas>
    </div>
    <p class="legend">— message  ┄ lost  ○ prepared  ● executed  ■ fault  ▲ proof; the bold line leads back over causes to where the event comes from.</p>
  </section>`;
}

const height = (trace) => Math.max(180, Math.min(trace.names.length * 44, 560)) + 32;

/** A trace is too full to be seen whole: the picture begins with its last part. */
function startingView(trace) {
  const view = new View(trace, 800, height(trace));
  if (trace.arrivals.length > 600) {
    const share = 600 / trace.arrivals.length;
    view.from = view.to - (view.to - view.from) * share;
  }
  return view;
}

/** The slider with its marks, and how the run is played. */
function Time({ trace, place, go, end, playing, play, speed, setSpeed, help }) {
  const all = useMemo(() => marks(trace), [trace, trace.turns.length]);
  const [words, setWords] = useState("");
  const search = (event) => {
    event.preventDefault();
    const wanted = words.trim().toLowerCase();
    if (wanted === "") return;
    const total = trace.events.length;
    for (let step = 1; step <= total; step++) {
      const at = (place + step) % total;
      if (sentence(trace.events[at]).toLowerCase().includes(wanted)) return go(at);
    }
  };
  return html`<section id="time" aria-label="Time">
    <div class="tools">
      <button type="button" onClick=${() => play()} aria-label=${playing ? "Pause" : "Play"}>${playing ? "❚❚" : "▶"}</button>
      <button type="button" onClick=${() => go(place - 1)} aria-label="One event back">◀</button>
      <button type="button" onClick=${() => go(place + 1)} aria-label="One event forward">▶❘</button>
      <label>speed <select value=${speed} onChange=${(event) => setSpeed(Number(event.target.value))}>
        ${[0.1, 0.25, 0.5, 1, 2, 4].map((one) => html`<option key=${one} value=${one} selected=${one === speed}>${one}</option>`)}
      </select></label>
      <form onSubmit=${search} role="search">
        <input id="search" type="search" placeholder="R prepared slot 3" aria-label="Search the log" value=${words} onInput=${(event) => setWords(event.target.value)} />
        <button type="submit">find</button>
      </form>
      <button type="button" onClick=${help}>keys</button>
    </div>
    <input id="slider" type="range" min="0" max=${end} value=${place} aria-label="Event" aria-valuetext=${`event ${place + 1} of ${end + 1}`}
      onInput=${(event) => go(Number(event.target.value))} />
    <svg id="marks" viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true">
      ${all.map((mark) => html`<rect key=${mark.place} class=${mark.kind} x=${(mark.place / Math.max(end, 1)) * 1000} y="0" width="2" height="12"><title>${mark.words}</title></rect>`)}
    </svg>
  </section>`;
}

/** The keys, or how to play the run again from here with something else. */
function Dialog({ what, trace, place, isLive, storyKeys = [], close }) {
  const dialog = useRef(null);
  // At once: until then Escape does not close it.
  useLayoutEffect(() => dialog.current.showModal(), []);
  const ms = Math.round((trace.times[place] - trace.first) / 1000);
  // What processes did, that run or ran, cannot be played again.
  const isReal = trace.header.clock === "wall";
  const again = trace.header.command.replace(/ --(trace|html) FILE/, "");
  const body =
    what === "keys"
      ? html`<h2>Keys</h2><dl>${[...KEYS, ...storyKeys, ...(isLive ? LIVE_KEYS : [])].map(([key, does]) => html`<dt key=${key}><kbd>${key}</kbd></dt><dd>${does}</dd>`)}</dl>`
      : isReal
        ? html`<h2>Branch here</h2><p>Real processes cannot go back. ${isLive ? "Switch a behaviour, or play" : "Play"} a run of the simulator again: <code>simulate run --html FILE</code>.</p>`
        : !trace.header.command.startsWith("simulate run ")
        ? html`<h2>Branch here</h2>
          <p>Write the plan of this run into a file, change who is faulty in it, and play that:</p>
          <p><code>${again} --plan > plan.toml</code></p>
          <p><code>simulate replay plan.toml --html FILE</code></p>
          <p>This moment is <code>@after=${ms}ms</code>.</p>`
        : html`<h2>Branch here</h2>
          <p>The same run, with another fault from this moment on:</p>
          <p><code>${again} --faulty Q=lie@after=${ms}ms --html FILE</code></p>
          <p>Put another process and another behaviour in the place of <code>Q=lie</code>.</p>`;
  return html`<dialog ref=${dialog} onClose=${close}>${body}<form method="dialog"><button>close</button></form></dialog>`;
}

/** The page of processes that run, from their first event on. */
function LiveApp({ live }) {
  const [, setCount] = useState(0);
  useEffect(() => {
    live.onChange = () => setCount((count) => count + 1);
    live.onChange();
  }, [live]);
  if (live.trace === undefined || live.trace.events.length === 0) return html`<main><${Connection} live=${live} /></main>`;
  return html`<${App} trace=${live.trace} live=${live} />`;
}

/** A run with a story about it. Only its page has the module for that. */
async function storied(telling, trace) {
  const { Storied } = await import("quorate/story");
  document.title = `Quorate: ${telling.title}`;
  return html`<${Storied} App=${App} whole=${trace} telling=${telling} />`;
}

const root = document.getElementById("page");
try {
  const text = document.getElementById("trace").textContent.trim();
  const trace = text === "" ? undefined : await embedded(text);
  const telling = document.getElementById("telling").textContent.trim();
  if (trace?.events.length === 0) throw new Error("the trace has no event");
  document.title = `Quorate: ${trace?.header.seed === undefined ? "live processes" : `seed ${trace.header.seed}`}`;
  const shown = telling === "" ? undefined : await storied(JSON.parse(telling), trace);
  root.textContent = "";
  render(shown ?? (trace === undefined ? html`<${LiveApp} live=${new Live()} />` : html`<${App} trace=${trace} />`), root);
} catch (error) {
  root.textContent = `This page cannot show its trace: ${error.message}`;
  root.className = "broken";
}

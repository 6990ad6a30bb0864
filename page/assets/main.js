// The page: what is chosen, and who shows it.

import { html, render, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "quorate/preact";
import { KINDS, View, draw, nearest } from "quorate/space";
import { Branch } from "quorate/branch";
import { Charts } from "quorate/charts";
import { Chosen, Log, Processes, Slots, Talk, Verdict, Why } from "quorate/panels";
import { Live } from "quorate/live";
import { grain, marks } from "quorate/marks";
import { Size, useLarge } from "quorate/size";
import { Connection, Switches } from "quorate/switches";
import { Trace, upTo } from "quorate/trace";
import { sentence } from "quorate/words";

/** The keys, each with what it does. */
const KEYS = [
  ["Space", "play or pause"],
  ["← →", "one event back or forward"],
  ["Shift + ← →", "one slot back or forward"],
  ["V", "the next view; with Shift, the one before"],
  ["D", "the next decision; with Shift, the one before"],
  ["F", "the next fault; with Shift, the one before"],
  ["B", "how to branch here with another fault"],
  ["/", "search"],
  ["P", "the next process; with Shift, the one before"],
  ["T", "larger text, for a projector"],
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

/** While the reader scrubs or plays, the panels follow after so many milliseconds: nobody reads faster, and all of them take longer than the picture. */
const PANELS_MS = 150;

/** The trace that stands in the page, compressed. */
function embedded(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  return Trace.read(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
}

/** What the address says after '#': `#seed=3&e=417&p=Q&s=3`. A moment of another seed's run is none of this one's: `foreign` is then that seed. */
function fromAddress(trace) {
  const said = new URLSearchParams(location.hash.slice(1));
  const seed = said.get("seed");
  if (seed !== null && seed !== trace.seed) return { foreign: seed };
  const number = (name) => (/^\d+$/.test(said.get(name) ?? "") ? Number(said.get(name)) : undefined);
  const event = number("e");
  const process = said.get("p");
  return {
    // Of processes that run not all events may have come yet: the moment comes with them.
    place: event === undefined ? undefined : Math.max(event - 1, 0),
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
  const [isLarge, changeSize] = useLarge();
  const go = useCallback((to) => {
    setPlace(Math.min(Math.max(to, 0), end));
    setFollowing(to >= end);
  }, [end]);
  const [scrubs, setScrubs] = useState(false);
  useLayoutEffect(() => {
    if (!scrubs) return undefined;
    const rest = setTimeout(() => setScrubs(false), PANELS_MS);
    return () => clearTimeout(rest);
  }, [scrubs, place]);
  const scrub = useCallback((to) => {
    setScrubs(true);
    go(to);
  }, [go]);
  const told = Math.min(usePaced(place, scrubs || playing), end);
  const slots = useMemo(() => trace.slotsUpTo(told), [trace, told, end]);
  const slot = slots.includes(asked) ? asked : (lastExecuted(trace, process, told) ?? slots.at(-1));

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
  const where = following ? undefined : chosen + 1;
  useEffect(() => {
    const said = new URLSearchParams({
      ...(trace.seed === undefined ? {} : { seed: trace.seed }),
      ...(where === undefined ? {} : { e: String(where) }),
      p: process,
      ...(asked === undefined ? {} : { s: String(asked) }),
      ...story?.address,
    });
    // Browsers refuse to write it as often as somebody scrubs.
    const later = setTimeout(() => history.replaceState(null, "", `#${said}`), 100);
    return () => clearTimeout(later);
  }, [trace.seed, where, process, asked, story]);

  // At once: what is paused takes no further step.
  useLayoutEffect(() => {
    if (!playing) return undefined;
    // The whole run in about 20 seconds, at speed 1. Whoever wants no motion sees it in pictures, two a second.
    const step = (frames) => Math.max(Math.round((trace.events.length / 1200) * speed * frames), 1);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      const pause = setTimeout(() => go(place + step(30)), 500);
      return () => clearTimeout(pause);
    }
    const frame = requestAnimationFrame(() => go(place + step(1)));
    return () => cancelAnimationFrame(frame);
  }, [playing, speed, trace, place, go]);
  useLayoutEffect(() => {
    if (following) setPlaying(false);
  }, [following]);

  const next = useCallback((by, fits) => {
    const { events } = trace;
    for (let at = place + by; at >= 0 && at < events.length; at += by) if (fits(events[at])) return go(at);
    return undefined;
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
  const steps = useMemo(() => ({
    event: (by) => go(place + by),
    slot: slotStep,
    view: (by) => next(by, (event) => event.kind === "view" && event.what === "starts"),
  }), [place, go, slotStep, next]);
  const keys = useMemo(() => ({
    " ": () => {
      if (following) go(0);
      setPlaying((now) => !now);
    },
    ArrowLeft: (shift) => (shift ? slotStep(-1) : go(place - 1)),
    ArrowRight: (shift) => (shift ? slotStep(1) : go(place + 1)),
    Home: () => go(0),
    End: () => go(end),
    v: (shift) => steps.view(shift ? -1 : 1),
    d: (shift) => next(shift ? -1 : 1, (event) => event.kind === "execute"),
    f: (shift) => next(shift ? -1 : 1, (event) => event.kind === "fault" || event.kind === "accuse"),
    b: () => setDialog("branch"),
    "/": () => document.getElementById("search").focus(),
    "?": () => setDialog("keys"),
    p: (shift) => chooseNext(shift ? -1 : 1),
    t: changeSize,
    ...story?.keys,
    ...(live === undefined
      ? {}
      : {
          n: () => document.getElementById("next").click(),
          h: () => document.getElementById("heal").click(),
          c: () => document.querySelector(`#now-${process} input`).select(),
          l: () => document.querySelector(`#links [aria-label^="Link from ${process} "]`).focus(),
        }),
  }), [place, end, following, go, next, slotStep, steps, chooseNext, process, live, story]);
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

  const ask = useCallback((name, number) => {
    setProcess(name);
    setAsked(number);
  }, []);
  const waiting = live?.waiting;
  const panels = useMemo(() => {
    const common = { trace, place: told, go };
    return html`<div id="panels">
      <${Processes} ...${common} chosen=${process} choose=${choose} />
      <${Why} ...${common} slot=${slot} process=${process} />
      <${Slots} ...${common} slot=${slot} process=${process} ask=${ask} />
      <${Talk} ...${common} />
      <${Log} ...${common} />
      <${Charts} ...${common} process=${process} isLarge=${isLarge} waiting=${waiting} />
    </div>`;
  }, [trace, end, told, go, slot, process, choose, ask, isLarge, waiting]);
  const common = { trace, place, go };
  return html`
    <${Verdict} trace=${trace} end=${end} isLive=${live !== undefined} />
    <main>
      ${first.foreign !== undefined && html`<p id="foreign" role="status">The address is about seed ${first.foreign}. This is another run.</p>`}
      ${story?.panel}
      ${live !== undefined && html`<${Connection} live=${live} /><${Switches} live=${live} process=${process} choose=${choose} />`}
      <${SpaceTime} ...${common} kinds=${kinds} setKinds=${setKinds} only=${only ? process : undefined} setOnly=${setOnly} process=${process}
        following=${live !== undefined && following} span=${story?.span} />
      <${Time} ...${common} scrub=${scrub} end=${end} playing=${playing} play=${keys[" "]} speed=${speed} setSpeed=${setSpeed} help=${() => setDialog("keys")}
        steps=${steps} size=${html`<${Size} isLarge=${isLarge} change=${changeSize} />`} />
      <${Chosen} ...${common} />
      ${panels}
    </main>
    ${dialog !== undefined && html`<${Dialog} what=${dialog} trace=${trace} place=${place} process=${process} isLive=${live !== undefined} storyKeys=${story?.help} close=${() => setDialog(undefined)} />`}
  `;
}

/** A value, but while it moves only so often. */
function usePaced(value, isMoving) {
  const shown = useRef({ value, at: -Infinity });
  const now = performance.now();
  if (!isMoving || now - shown.current.at >= PANELS_MS) shown.current = { value, at: now };
  return shown.current.value;
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
  useLayoutEffect(() => {
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
function Time({ trace, place, go, scrub, end, playing, play, speed, setSpeed, help, steps, size }) {
  const all = useMemo(() => marks(trace), [trace, trace.turns.length, grain(trace.slots.size)]);
  // Nothing of it is made again while the reader goes back and forward.
  const picture = useMemo(() => html`<svg id="marks" viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true">
    ${all.map((mark) => html`<rect key=${`${mark.kind} ${mark.place}`} class=${mark.kind} x=${(mark.place / Math.max(end, 1)) * 1000} y="0" width="2" height="12"><title>${mark.words}</title></rect>`)}
  </svg>`, [all, end]);
  const [by, setBy] = useState("event");
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
      <button type="button" onClick=${() => steps[by](-1)} aria-label=${`One ${by} back`}>❘◀</button>
      <button type="button" onClick=${() => steps[by](1)} aria-label=${`One ${by} forward`}>▶❘</button>
      <label>step <select id="step" value=${by} onChange=${(event) => setBy(event.target.value)}>
        ${Object.keys(steps).map((one) => html`<option key=${one} value=${one} selected=${one === by}>${one}</option>`)}
      </select></label>
      <label>speed <select value=${speed} onChange=${(event) => setSpeed(Number(event.target.value))}>
        ${[0.1, 0.25, 0.5, 1, 2, 4].map((one) => html`<option key=${one} value=${one} selected=${one === speed}>${one}</option>`)}
      </select></label>
      <form onSubmit=${search} role="search">
        <input id="search" type="search" placeholder="R prepared slot 3" aria-label="Search the log" value=${words} onInput=${(event) => setWords(event.target.value)} />
        <button type="submit">find</button>
      </form>
      ${size}
      <button type="button" onClick=${help}>keys</button>
    </div>
    <input id="slider" type="range" min="0" max=${end} value=${place} aria-label="Event" aria-valuetext=${`event ${place + 1} of ${end + 1}`}
      onInput=${(event) => scrub(Number(event.target.value))} />
    ${picture}
  </section>`;
}

/** The keys, or how to play the run again from here with something else. */
function Dialog({ what, trace, place, process, isLive, storyKeys = [], close }) {
  const dialog = useRef(null);
  // At once: until then Escape does not close it.
  useLayoutEffect(() => dialog.current.showModal(), []);
  // What processes did, that run or ran, cannot be played again.
  const isReal = trace.header.clock === "wall";
  const body =
    what === "keys"
      ? html`<h2>Keys</h2><dl>${[...KEYS, ...storyKeys, ...(isLive ? LIVE_KEYS : [])].map(([key, does]) => html`<dt key=${key}><kbd>${key}</kbd></dt><dd>${does}</dd>`)}</dl>`
      : isReal
        ? html`<h2>Branch here</h2><p>Real processes cannot go back. ${isLive ? "Switch a behaviour, or play" : "Play"} a run of the simulator again: <code>simulate run --html FILE</code>.</p>`
        : html`<${Branch} trace=${trace} place=${place} process=${process} />`;
  return html`<dialog ref=${dialog} onClose=${close}>${body}<form method="dialog"><button>close</button></form></dialog>`;
}

/** The page of processes that run, from their first event on. */
function LiveApp({ live }) {
  const [, setCount] = useState(0);
  useLayoutEffect(() => {
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

// Somebody has written another address into the bar: of another moment, or with the token. The page itself changes it without this event.
addEventListener("hashchange", () => location.reload());

const root = document.getElementById("page");
try {
  const text = document.getElementById("trace").textContent.trim();
  const trace = text === "" ? undefined : await embedded(text);
  const telling = document.getElementById("telling").textContent.trim();
  if (trace?.events.length === 0) throw new Error("the trace has no event");
  document.title = `Quorate: ${trace?.seed === undefined ? "live processes" : `seed ${trace.seed}`}`;
  const shown = telling === "" ? undefined : await storied(JSON.parse(telling), trace);
  root.textContent = "";
  render(shown ?? (trace === undefined ? html`<${LiveApp} live=${new Live()} />` : html`<${App} trace=${trace} />`), root);
} catch (error) {
  root.textContent = `This page cannot show its trace: ${error.message}`;
  root.className = "broken";
}

// How much happened over time: operations, waits and messages, beside what was wrong then. Drawn by uPlot, and told in a table.

import uPlot from "quorate/uplot";
import { html, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "quorate/preact";
import { Counts } from "quorate/counts";
import { lowerPlace } from "quorate/space";
import { time } from "quorate/words";

/** How many events are looked at in a frame, and how many milliseconds lie between two drawings of what happens now. */
const AT_ONCE = 20_000;
const PAUSE = 250;
const HEIGHT = 170;
/** How many of the windows in which something was wrong have a line of their own, and how many rows the table has at most. */
const TOLD = 12;
const ROWS = 12;

/** Dashes tell lines apart where colours cannot. */
const SOLID = [];
const [DASHED, DOTTED, LONG, MIXED] = [[6, 3], [2, 3], [12, 4], [10, 3, 2, 3]];

/** The groups of kinds that the picture of the messages has, too. */
const VIEW_CHANGES = ["view-change", "new-view"];
const OWN = ["pre-prepare", "prepare", "commit"];

/** The bytes that all processes have in their queues for peers, and from peers. */
const inAll = (one, which) => Object.values(one.bytes).reduce((before, bytes) => before + bytes[which], 0);
const forPeers = (one) => inAll(one, 0);
const fromPeers = (one) => inAll(one, 1);

/**
 * What is drawn: each chart with its unit, and its lines with their names, colours and values. `waiting`: what waits in processes that run; no
 * trace has it.
 */
function charts(process, waiting) {
  const queues = {
    name: "Most that waits in queues",
    unit: "bytes",
    points: true,
    spanGaps: true,
    lines: [
      { name: "for peers, of all processes", color: "--commit", dash: SOLID, of: (counts) => counts.waited(waiting, forPeers) },
      { name: `for peers, of ${process}`, color: "--accent", dash: DASHED, of: (counts) => counts.waited(waiting, (one) => one.bytes[process]?.[0] ?? 0) },
      { name: "from peers, of all processes", color: "--prepare", dash: DOTTED, of: (counts) => counts.waited(waiting, fromPeers) },
    ],
  };
  return [
    {
      name: "Operations executed",
      unit: "operations/s",
      lines: [
        { name: "by the cluster", color: "--commit", dash: SOLID, of: (counts) => counts.perSecond(counts.operations) },
        { name: `by ${process}`, color: "--accent", dash: DASHED, of: (counts) => counts.perSecond(counts.operationsBy.get(process)) },
      ],
    },
    waits("From a call to its answer", (counts) => counts.answers),
    waits("From the proposal to the execution", (counts) => counts.waits),
    {
      name: "Messages sent",
      unit: "messages/s",
      lines: [
        ...OWN.map((kind, number) => ({
          name: kind,
          color: `--${kind}`,
          dash: [SOLID, DASHED, DOTTED][number],
          of: (counts) => counts.perSecond(counts.sentOf([kind])),
        })),
        { name: "view-change and new-view", color: "--view-change", dash: LONG, of: (counts) => counts.perSecond(counts.sentOf(VIEW_CHANGES)) },
        { name: "other", color: "--other", dash: MIXED, of: (counts) => counts.perSecond(counts.sentOf(others(counts))) },
        { name: "lost or refused", color: "--bad", dash: [3, 6], of: (counts) => counts.perSecond(counts.lost) },
      ],
    },
    ...(waiting === undefined ? [] : [queues]),
  ];
}

/** How long something took. */
const waits = (name, all) => ({
  name,
  unit: "milliseconds",
  points: true,
  lines: [
    { name: "half are faster", color: "--commit", dash: SOLID, of: (counts) => counts.below(all(counts), 0.5) },
    { name: "99 of 100 are faster", color: "--bad", dash: DASHED, of: (counts) => counts.below(all(counts), 0.99) },
  ],
});

const others = (counts) => [...counts.sent.keys()].filter((kind) => !OWN.includes(kind) && !VIEW_CHANGES.includes(kind));

/** `trace` may grow. `isLarge`: whether the text is, by which the charts are laid out. `waiting`: what waits in processes that run. */
export function Charts({ trace, place, go, process, isLarge, waiting }) {
  const counted = useCounts(trace);
  const all = useMemo(() => charts(process, waiting), [process, waiting]);
  const clock = trace.header.clock === "virtual" ? "simulated" : "measured";
  const toTime = useCallback((t_us) => go(Math.min(lowerPlace(trace, t_us), trace.events.length - 1)), [trace, go]);
  const { counts } = counted;
  const at = (trace.times[place] ?? trace.first) - trace.first;
  const wrong = counted.wrong;
  return html`<section id="charts" aria-label="Charts">
    <h2>How much, and when</h2>
    <p class="legend">The upright line is the chosen moment. A click goes to another one. Shaded: something was wrong.</p>
    <div class="charts">
      ${all.map((chart) => html`<${Chart} key=${chart.name} chart=${chart} counted=${counted} at=${at / 1e6} clock=${clock} toTime=${toTime} first=${trace.first} isLarge=${isLarge} />`)}
    </div>
    ${counted.version > 0 && html`<${Wrong} trace=${trace} wrong=${wrong} go=${go} />`}
    <${Table} trace=${trace} counts=${counts} version=${counted.version} wrong=${wrong} process=${process} clock=${clock} toTime=${toTime} waiting=${waiting} />
  </section>`;
}

/** The counts of a trace, some events a frame. Whoever shows them is called again when there is news, and not for each event. */
function useCounts(trace) {
  const [, setVersion] = useState(0);
  const own = useRef(undefined);
  const waiting = useRef(undefined);
  if (own.current?.counts.trace !== trace) own.current = { counts: new Counts(trace), version: 0, wrong: [] };
  const look = () => {
    const { counts } = own.current;
    if (counts.take(AT_ONCE)) {
      waiting.current = setTimeout(look, 0);
      return;
    }
    waiting.current = undefined;
    own.current = { counts, version: own.current.version + 1, wrong: counts.wrong() };
    setVersion((version) => version + 1);
  };
  useEffect(() => {
    const { counts, version } = own.current;
    if (counts.taken < trace.events.length) waiting.current ??= setTimeout(look, version === 0 ? 0 : PAUSE);
  });
  useEffect(() => () => clearTimeout(waiting.current), []);
  return own.current;
}

/** One chart, with the names of its lines. */
function Chart({ chart, counted, at, clock, toTime, first, isLarge }) {
  const place = useRef(null);
  const plot = useRef(undefined);
  // What the drawing reads: the chart is made once.
  const now = useRef({});
  now.current = { counted, toTime, first, at };
  const lines = chart.lines.map((line) => line.name).join("|");
  useLayoutEffect(() => {
    const color = (name) => getComputedStyle(place.current).getPropertyValue(name).trim();
    const pixels = Math.round(Number.parseFloat(getComputedStyle(place.current).fontSize) * 0.75);
    const font = `${pixels}px system-ui, sans-serif`;
    const axis = (label) => ({
      label,
      labelSize: pixels * 1.7,
      font,
      labelFont: font,
      stroke: () => color("--text"),
      grid: { stroke: () => color("--edge"), width: 1 },
      ticks: { stroke: () => color("--edge"), width: 1 },
    });
    const made = new uPlot(
      {
        width: Math.max(place.current.clientWidth, 100),
        height: HEIGHT,
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
        scales: { x: { time: false, range: () => [0, now.current.counted.counts.seconds()] }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] } },
        axes: [
          { ...axis(`${clock} time in seconds`), size: pixels * 2.6, values: (_, values) => values.map(tick) },
          { ...axis(chart.unit), size: pixels * 4.4, values: (_, values) => values.map(tick) },
        ],
        series: [
          {},
          ...chart.lines.map((line) => ({
            stroke: () => color(line.color),
            dash: line.dash,
            width: 1.5,
            spanGaps: chart.spanGaps === true,
            points: { show: chart.points === true, size: 4, stroke: () => color(line.color), fill: () => color(line.color) },
          })),
        ],
        hooks: {
          drawClear: [(of) => shade(of, now.current.counted.wrong, now.current.first, color)],
          // What is a place in the chart is known once it is drawn.
          draw: [(of) => put(of, now.current.at)],
        },
      },
      [[], ...chart.lines.map(() => [])],
      place.current,
    );
    made.over.addEventListener("click", (event) => {
      const { toTime: going, first: begin } = now.current;
      going(begin + made.posToVal(event.clientX - made.over.getBoundingClientRect().left, "x") * 1e6);
    });
    plot.current = made;
    const measure = new ResizeObserver(([{ contentRect }]) => made.setSize({ width: Math.max(Math.floor(contentRect.width), 100), height: HEIGHT }));
    measure.observe(place.current);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => made.redraw(false);
    scheme.addEventListener("change", redraw);
    return () => {
      scheme.removeEventListener("change", redraw);
      measure.disconnect();
      made.destroy();
    };
  }, [chart.name, lines, clock, isLarge]);
  useEffect(() => {
    const { counts } = counted;
    plot.current.setData([counts.middles(), ...chart.lines.map((line) => line.of(counts))]);
  }, [counted, lines, clock, isLarge]);
  useLayoutEffect(() => put(plot.current, at), [at]);
  const words = `${chart.name}, in ${chart.unit}, over ${clock} time. The table below says the same in numbers.`;
  return html`<figure>
    <figcaption>${chart.name}</figcaption>
    <div class="chart" ref=${place} role="img" aria-label=${words}></div>
    <p class="legend lines">${chart.lines.map((line) => html`<span key=${line.name}><${Sample} color=${line.color} dash=${line.dash} /> ${line.name}</span>`)}</p>
  </figure>`;
}

/** Puts the line of the chosen moment where it belongs. */
function put(plot, at) {
  let moment = plot.over.querySelector(".moment");
  if (moment === null) {
    moment = document.createElement("div");
    moment.className = "moment";
    plot.over.append(moment);
  }
  const x = plot.valToPos(at, "x");
  moment.hidden = !Number.isFinite(x);
  if (!moment.hidden) moment.style.transform = `translateX(${x}px)`;
}

/** A piece of a line, as it is drawn. */
const Sample = ({ color, dash }) => html`<svg class="sample" viewBox="0 0 28 8" aria-hidden="true"><line x1="0" y1="4" x2="28" y2="4" style=${`stroke: var(${color})`} stroke-dasharray=${dash.join(" ")} /></svg>`;

/** Shades the windows in which something was wrong, with an edge at both ends and as many words as there is room for. */
function shade(plot, wrong, first, color) {
  const { ctx: context, bbox } = plot;
  const ratio = bbox.width / Math.max(plot.over.clientWidth, 1);
  const x = (t_us) => Math.min(Math.max(plot.valToPos((t_us - first) / 1e6, "x", true), bbox.left), bbox.left + bbox.width);
  context.save();
  context.font = `${11 * ratio}px system-ui, sans-serif`;
  context.textBaseline = "top";
  context.textAlign = "left";
  context.lineWidth = ratio;
  const rows = [0, 0, 0];
  for (const { kind, words, from, to } of wrong) {
    const [left, right] = [x(from), x(to)];
    if (!Number.isFinite(left) || !Number.isFinite(right)) continue;
    context.fillStyle = context.strokeStyle = color(kind === "fault" ? "--bad" : "--prepare");
    context.globalAlpha = 0.1;
    context.fillRect(left, bbox.top, Math.max(right - left, ratio), bbox.height);
    context.globalAlpha = 0.7;
    context.setLineDash([4 * ratio, 3 * ratio]);
    for (const edge of [left, right]) {
      context.beginPath();
      context.moveTo(edge, bbox.top);
      context.lineTo(edge, bbox.top + bbox.height);
      context.stroke();
    }
    context.globalAlpha = 1;
    const start = left + 3 * ratio;
    const row = rows.findIndex((end) => end <= start);
    const wide = row < 0 ? Infinity : context.measureText(words).width;
    if (start + wide > bbox.left + bbox.width) continue;
    rows[row] = start + wide + 6 * ratio;
    context.fillStyle = color("--text");
    context.fillText(words, start, bbox.top + (2 + row * 13) * ratio);
  }
  context.restore();
}

/** What was wrong, from when to when. */
function Wrong({ trace, wrong, go }) {
  if (wrong.length === 0) return html`<p id="wrong">Nothing was wrong.</p>`;
  return html`<ul id="wrong">
    ${wrong.slice(0, TOLD).map(
      (one) => html`<li key=${`${one.place} ${one.words}`}>
        <button type="button" onClick=${() => go(one.place)}>${one.words}</button>
        ${` from ${time(trace, one.from)} ${one.lasts ? "on" : `to ${time(trace, one.to)}`}`}
      </li>`,
    )}
    ${wrong.length > TOLD && html`<li>and ${wrong.length - TOLD} more</li>`}
  </ul>`;
}

/** The same in numbers: the whole run, and parts of it. */
function Table({ trace, counts, version, wrong, process, clock, toTime, waiting }) {
  const [isOpen, setOpen] = useState(false);
  const rows = useMemo(() => (isOpen ? parts(counts, wrong, process, waiting) : []), [counts, version, isOpen, process, waiting]);
  const titles = ["from", "operations", `by ${process}`, "half answered within", "99 of 100 within", "half executed within", "99 of 100 within", ...OWN, "view changes", "other", "lost or refused", ...(waiting === undefined ? [] : ["bytes for peers", "from peers"]), "what was wrong"];
  return html`<details id="numbers" open=${isOpen} onToggle=${(event) => setOpen(event.target.open)}>
    <summary>The same in numbers</summary>
    <div class="scrolls" tabindex="0" role="group" aria-label="Table of the charts">
      <table>
        <caption>In ${clock} time. Each row is about the time up to the next one; a button goes to where it begins.</caption>
        <thead><tr>${titles.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
        <tbody>
          ${rows.map(
            (row) => html`<tr key=${row.from}>
              <th scope="row">${row.from === undefined ? "all" : html`<button type="button" onClick=${() => toTime(row.from)}>${time(trace, row.from)}</button>`}</th>
              ${row.cells.map((cell, number) => html`<td key=${number}>${cell}</td>`)}
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}

/** The rows of the table: spans put together, so that there are few. */
function parts(counts, wrong, process, waiting) {
  const each = Math.max(Math.ceil(counts.spans / ROWS), 1);
  const kinds = [...OWN.map((kind) => [kind]), VIEW_CHANGES, others(counts)];
  const numbers = [counts.operations, counts.operationsBy.get(process) ?? [], ...kinds.map((some) => counts.sentOf(some)), counts.lost];
  const waited = waiting === undefined ? [] : [forPeers, fromPeers].map((bytes) => counts.waited(waiting, bytes));
  const row = (from, spans, words) => {
    const [low, high] = spans;
    const sum = (all) => all.slice(low, high).reduce((before, count) => before + count, 0);
    const [operations, own, ...messages] = numbers.map(sum);
    const times = [counts.answers, counts.waits].flatMap((all) => counts.within(all, low, high));
    const ms = (value) => (value === undefined ? "–" : `${short(value)} ms`);
    const most = waited.map((all) => Math.max(0, ...all.slice(low, high).map((bytes) => bytes ?? 0)));
    return { from, cells: [operations, own, ...times.map(ms), ...messages, ...most, words] };
  };
  const all = row(undefined, [0, counts.spans], "");
  const rows = [all];
  for (let span = 0; span < counts.spans; span += each) {
    const [from, to] = [counts.first + span * counts.width, counts.first + (span + each) * counts.width];
    const then = wrong.filter((one) => one.from < to && one.to >= from).map((one) => one.words);
    rows.push(row(from, [span, Math.min(span + each, counts.spans)], then.length > 3 ? `${then.slice(0, 3).join("; ")} and ${then.length - 3} more` : then.join("; ")));
  }
  return rows;
}

/** Four digits that say something. */
const short = (value) => Number(value.toPrecision(4)).toString();

/** A number at an axis: uPlot has rounded it. */
const tick = (value) => (value === null ? "" : Number(value.toFixed(6)).toString());

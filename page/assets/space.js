// The space-time picture: a lane for each process, time from left to right, an arrow for each message. Only what is in view is drawn.

import { upTo } from "quorate/trace";

const [LEFT, TOP, BOTTOM] = [52, 22, 10];

/** How a kind of message is drawn. Dashes tell kinds apart where colours cannot. */
const STYLES = {
  "pre-prepare": "--pre-prepare",
  prepare: "--prepare",
  commit: "--commit",
  "view-change": "--view-change",
  "new-view": "--view-change",
};

export const KINDS = ["pre-prepare", "prepare", "commit", "view-change", "new-view", "other"];
export const kindOf = (event) => (event.type in STYLES ? event.type : "other");

/** What the picture shows: from when to when, and in how many pixels. */
export class View {
  constructor(trace, width, height) {
    this.trace = trace;
    this.width = width;
    this.height = height;
    this.from = trace.first;
    this.to = Math.max(trace.last, trace.first + 1);
  }

  x(t_us) {
    return LEFT + ((t_us - this.from) / (this.to - this.from)) * (this.width - LEFT - 10);
  }

  t(x) {
    return this.from + ((x - LEFT) / (this.width - LEFT - 10)) * (this.to - this.from);
  }

  lane(process) {
    const lanes = this.trace.names.length;
    const at = this.trace.names.indexOf(process);
    return TOP + ((at + 0.5) * (this.height - TOP - BOTTOM)) / lanes;
  }

  /** Keeps the time under x where it is. */
  zoom(factor, x) {
    const at = this.t(x);
    this.from = at - (at - this.from) * factor;
    this.to = at + (this.to - at) * factor;
    this.#within();
  }

  move(pixels) {
    const by = this.t(LEFT + pixels) - this.t(LEFT);
    this.from += by;
    this.to += by;
    this.#within();
  }

  /** Brings a time into the picture. */
  show(t_us) {
    const length = this.to - this.from;
    if (t_us >= this.from && t_us <= this.to) return;
    this.from = t_us - length / 2;
    this.to = t_us + length / 2;
    this.#within();
  }

  /** Shows the last messages of the protocol itself, back to a second in which there was none. */
  follow() {
    const { trace } = this;
    let [from, to, count] = [undefined, undefined, 0];
    for (let at = trace.arrivals.length - 1; at >= 0 && count < 400; at--) {
      const place = trace.arrivals[at];
      if (kindOf(trace.events[place]) === "other") continue;
      if (from - trace.times[place] > 1e6) break;
      from = trace.times[place];
      to ??= from;
      count++;
    }
    if (to === undefined) return;
    const margin = Math.max((to - from) / 20, 2000);
    this.from = from - margin;
    this.to = to + margin;
    this.#within();
  }

  #within() {
    const { first, last } = this.trace;
    const whole = Math.max(last - first, 1);
    const length = Math.min(Math.max(this.to - this.from, 20), whole);
    this.from = Math.min(Math.max(this.from, first), first + whole - length);
    this.to = this.from + length;
  }
}

/**
 * Draws everything up to the event at `place`.
 * `shown.kinds`: the kinds of messages that are drawn; `shown.only`: one process whose messages alone are drawn, if any.
 */
export function draw(canvas, view, place, shown) {
  const { trace } = view;
  const context = canvas.getContext("2d");
  const style = getComputedStyle(canvas);
  const color = (name) => style.getPropertyValue(name).trim();
  const ratio = globalThis.devicePixelRatio || 1;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  context.font = style.font;
  bands(context, view, place, color);
  lanes(context, view, place, color);
  // What has begun before the picture does not cross the names, which end 8 pixels before it.
  context.save();
  context.beginPath();
  context.rect(LEFT - 7, 0, view.width, view.height);
  context.clip();
  const messages = arrows(context, view, place, shown, color);
  points(context, view, place, color);
  cursor(context, view, place, color);
  context.restore();
  return messages;
}

/** A band from where a view starts first to where the next one does. */
function bands(context, view, place, color) {
  const starts = view.trace.views.filter((start) => start.place <= place);
  starts.forEach((start, number) => {
    const from = Math.max(view.x(start.t_us), LEFT);
    const to = Math.min(number + 1 < starts.length ? view.x(starts[number + 1].t_us) : view.width, view.width);
    if (to <= LEFT || from > view.width) return;
    context.fillStyle = color(number % 2 === 0 ? "--band" : "--other-band");
    context.fillRect(from, 0, to - from, view.height);
    context.fillStyle = color("--quiet");
    context.textAlign = "left";
    if (to - from > 40) context.fillText(`view ${start.view}`, from + 4, 14);
  });
}

function lanes(context, view, place, color) {
  for (const name of view.trace.names) {
    const y = view.lane(name);
    const { fault, accusers } = view.trace.state(name, place);
    context.strokeStyle = color(fault === undefined ? "--lane" : "--bad");
    context.lineWidth = 1;
    context.setLineDash(fault === undefined ? [] : [6, 3]);
    line(context, LEFT, y, view.width, y);
    context.setLineDash([]);
    context.fillStyle = color(fault === undefined ? "--text" : "--bad");
    context.textAlign = "right";
    const mark = accusers.length > 0 ? "!" : "";
    context.fillText(`${name}${mark}`, LEFT - 8, y + 4);
  }
}

/** Arrows of messages that arrive in view; how many there are. */
function arrows(context, view, place, shown, color) {
  const { trace } = view;
  const places = trace.arrivals;
  // A message may be on its way when the picture begins or ends: those that arrive a little later are drawn too.
  const slack = (view.to - view.from) / 2;
  let at = upTo(places, lowerPlace(trace, view.from) - 1);
  const paths = new Map();
  let count = 0;
  for (; at < places.length && places[at] <= place; at++) {
    const event = trace.events[places[at]];
    if (trace.times[places[at]] > view.to + slack) break;
    if (!shown.kinds.has(kindOf(event))) continue;
    if (shown.only !== undefined && event.p !== shown.only && event.from !== shown.only && event.to !== shown.only) continue;
    const sent = trace.sentBy(event);
    if (sent === undefined) continue;
    const lost = event.kind === "drop";
    const here = view.lane(event.p);
    const [x1, y1] = [view.x(trace.times[sent]), view.lane(trace.events[sent].p)];
    let [x2, y2] = [view.x(trace.times[places[at]]), here];
    if (lost && event.to !== undefined) {
      // It is lost on its way: it gets half as far.
      const target = trace.names.includes(event.to) ? view.lane(event.to) : here;
      [x2, y2] = [x1 + 14, (y1 + target) / 2];
    }
    const damaged = lost && event.to === undefined;
    const key = damaged ? "--bad" : lost ? "lost" : (STYLES[event.type] ?? "--other");
    if (!paths.has(key)) paths.set(key, new Path2D());
    const path = paths.get(key);
    path.moveTo(x1, y1);
    path.lineTo(x2, y2);
    count++;
  }
  context.lineWidth = 1;
  for (const [key, path] of paths) {
    context.setLineDash(key === "lost" ? [3, 3] : []);
    context.strokeStyle = color(key === "lost" ? "--quiet" : key);
    context.stroke(path);
  }
  context.setLineDash([]);
  return count;
}

/** The place of the first event that is not before a time. */
export function lowerPlace(trace, t_us) {
  let [low, high] = [0, trace.times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (trace.times[middle] < t_us) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What processes know, as marks on their lanes: a ring for prepared, a dot for executed, a triangle for a proof. */
function points(context, view, place, color) {
  const { trace } = view;
  const end = Math.min(place, lowerPlace(trace, view.to));
  for (let at = lowerPlace(trace, view.from); at <= end && at < trace.events.length; at++) {
    const event = trace.events[at];
    const mark = MARKS[event.kind];
    if (mark === undefined) continue;
    const [x, y] = [view.x(trace.times[at]), view.lane(event.p)];
    context.fillStyle = context.strokeStyle = color(mark.color);
    mark.draw(context, x, y);
  }
}

const dot = (radius) => (context, x, y) => {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
};

const MARKS = {
  prepared: {
    color: "--prepare",
    draw(context, x, y) {
      context.beginPath();
      context.arc(x, y, 3, 0, 2 * Math.PI);
      context.stroke();
    },
  },
  execute: { color: "--commit", draw: dot(3.5) },
  start: { color: "--text", draw: (context, x, y) => context.fillRect(x - 1, y - 6, 2, 12) },
  fault: { color: "--bad", draw: (context, x, y) => context.fillRect(x - 4, y - 4, 8, 8) },
  accuse: {
    color: "--bad",
    draw(context, x, y) {
      context.beginPath();
      context.moveTo(x, y - 6);
      context.lineTo(x + 5, y + 4);
      context.lineTo(x - 5, y + 4);
      context.fill();
    },
  },
};

/** The line at the time of the event, and the event with what led to it. */
function cursor(context, view, place, color) {
  const { trace } = view;
  const event = trace.events[place];
  if (event === undefined) return;
  const x = view.x(trace.times[place]);
  context.strokeStyle = color("--accent");
  context.lineWidth = 1;
  line(context, x, 0, x, view.height);
  context.lineWidth = 2.5;
  // The way back over causes.
  let at = place;
  for (let step = 0; step < 40; step++) {
    const here = trace.events[at];
    const before = here.kind === "receive" ? trace.sentBy(here) : trace.byName.get(here.cause);
    if (before === undefined || before === at) break;
    line(context, view.x(trace.times[before]), view.lane(trace.events[before].p), view.x(trace.times[at]), view.lane(here.p));
    at = before;
  }
  context.beginPath();
  context.arc(x, view.lane(event.p), 6, 0, 2 * Math.PI);
  context.stroke();
}

function line(context, x1, y1, x2, y2) {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

/** The event nearest to a point of the picture. */
export function nearest(view, x, y) {
  const { trace } = view;
  const reach = view.t(12) - view.t(0);
  const t_us = view.t(x);
  let best;
  for (let at = lowerPlace(trace, t_us - reach); at < trace.events.length && trace.times[at] <= t_us + reach; at++) {
    const distance = Math.hypot(view.x(trace.times[at]) - x, view.lane(trace.events[at].p) - y);
    if (best === undefined || distance < best.distance) best = { at, distance };
  }
  return best === undefined || best.distance > 30 ? undefined : best.at;
}

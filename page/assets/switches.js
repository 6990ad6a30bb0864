// What the reader does to processes that run: switches for behaviours and links, and the next exchange.

import { html, useLayoutEffect, useMemo, useRef, useState } from "quorate/preact";
import { list } from "quorate/words";

const CONNECTIONS = {
  connecting: "Waiting for the server.",
  open: "Live.",
  broken: "The server does not answer: it has ended, or is held up. What it has told stays here. Trying again.",
  refused: "The server does not know this page. Open the address that it has printed, with all that stands behind the #.",
};

/** Whether the page is up to date, and what it has missed. */
export function Connection({ live }) {
  const missed = live.skipped + live.now.missed;
  return html`<p id="connection" class=${live.connection} role="status">
    <span aria-hidden="true">${live.connection === "open" ? "●" : "◌"}</span> ${CONNECTIONS[live.connection]}
    ${missed > 0 ? ` ${missed} events were too many to be shown.` : ""}
  </p>`;
}

/** All switches. `ask` is an object whose members the keys call. */
export function Switches({ live, process, choose }) {
  const [said, setSaid] = useState("");
  const { now, behaviours } = live;
  const ask = (deed) => live.ask(deed).then(setSaid, (error) => setSaid(`Not done: ${error.message}`));
  // Nothing of it is made again while only events come.
  const controls = useMemo(() => html`
    <${Exchange} round=${now.round} ask=${ask} />
    <div class="scrolls" tabindex="0" role="group" aria-label="Switches of the processes">
      <table>
        <thead><tr>${["process", "now", "behaviour", "process of the system"].map((title) => html`<th scope="col" key=${title}>${title}</th>`)}</tr></thead>
        <tbody>${now.processes.map((one) => html`<${OfProcess} key=${one.process} one=${one} ask=${ask} behaviours=${behaviours} isChosen=${one.process === process} choose=${choose} />`)}</tbody>
      </table>
    </div>
    <${Links} processes=${now.processes} ask=${ask} />
  `, [now, behaviours, process, choose]);
  return html`<section id="switches" aria-label="Switches">
    <h2>Now</h2>
    ${controls}
    <p id="said" role="status">${said}</p>
  </section>`;
}

/** The next exchange, and what came of the last one. */
function Exchange({ round, ask }) {
  const [decision, setDecision] = useState("attack");
  const start = (event) => {
    event.preventDefault();
    ask({ do: "exchange", decision });
  };
  return html`<form id="exchange" onSubmit=${start}>
    <label>All say <input class="words" type="text" value=${decision} onInput=${(event) => setDecision(event.target.value)} /></label>
    <button type="submit" id="next">Next exchange</button>
    <button type="button" id="heal" onClick=${() => ask({ do: "heal" })}>Heal all</button>
    <span id="round">${round === null ? "" : outcome(round)}</span>
  </form>`;
}

/** `Round 2: Q, R and S decide 'attack'; P 'faulty'.` */
function outcome({ round, finalized, ended }) {
  const sides = new Map();
  for (const [process, decision] of Object.entries(finalized)) sides.set(decision, [...(sides.get(decision) ?? []), process]);
  const parts = [...sides].map(([decision, names]) => `${list(names)}: ${decision}`);
  return `Round ${round}${ended ? "" : " is under way"}${parts.length > 0 ? `. ${parts.join("; ")}` : ""}.`;
}

/** How one process is, and its switches. */
function OfProcess({ one, ask, behaviours, isChosen, choose }) {
  const { process, state, reason, fault } = one;
  const [words, setWords] = useState(fault ?? "none");
  // Somebody else may have switched it. That it does not answer for a moment changes nothing: the reader may be typing.
  const known = useRef(fault);
  useLayoutEffect(() => {
    if (fault === null || fault === known.current) return;
    known.current = fault;
    setWords(fault);
  }, [fault]);
  const set = (event) => {
    event.preventDefault();
    ask({ do: "behave", process, behaviour: words.trim() });
  };
  const runs = state === "running";
  const is = runs ? (fault === "none" ? "correct" : (fault ?? "does not answer")) : `${state}: ${reason}`;
  const order = (what) => html`<button type="button" aria-label=${`${what} ${process}`} onClick=${() => ask({ do: what, process })}>${what}</button>`;
  return html`<tr id=${`now-${process}`} class=${runs && fault === "none" ? "" : "faulty"} aria-selected=${isChosen}>
    <th scope="row"><button type="button" aria-label=${`Choose ${process}`} onClick=${() => choose(process)}>${process}</button></th>
    <td class="is"><span aria-hidden="true">${!runs ? "✖" : fault === "none" ? "●" : "▲"}</span> ${is}</td>
    <td><form class="behaviour" onSubmit=${set}>
      <select aria-label=${`Behaviours of ${process}`} value=${words} onChange=${(event) => setWords(event.target.value)}>
        <option value="none">correct</option>
        ${behaviours.map(({ name, example, what }) => html`<option key=${name} value=${example} title=${what}>${name}</option>`)}
        ${!["none", ...behaviours.map((each) => each.example)].includes(words) && html`<option value=${words}>${words}</option>`}
      </select>
      <input class="words" type="text" aria-label=${`Behaviour of ${process}, as for --faulty`} value=${words} onInput=${(event) => setWords(event.target.value)} />
      <button type="submit">set</button>
    </form></td>
    <td class="orders">${state === "gone" || state === "restarting" ? order("restart") : order("kill")} ${state === "paused" ? order("resume") : runs && order("pause")}</td>
  </tr>`;
}

/** Who reaches whom. A click cuts a link, or heals it. */
function Links({ processes, ask }) {
  const names = processes.map((one) => one.process);
  const others = processes.flatMap((one) => (one.links ?? []).filter((rule) => !/^\S+->\S+: cut$/.test(rule)));
  const cell = (from, to) => {
    if (from.process === to) return html`<td key=${to}></td>`;
    const isCut = from.links?.includes(`${from.process}->${to}: cut`) ?? false;
    return html`<td key=${to}><button type="button" class=${isCut ? "cut" : ""} aria-pressed=${isCut} aria-label=${`Link from ${from.process} to ${to} is cut`}
      onClick=${() => ask({ do: "link", from: from.process, to, cut: !isCut })}>${isCut ? "✂" : "→"}</button></td>`;
  };
  return html`<details id="links" open=${names.length <= 7}>
    <summary>Links: from the row to the column. A click cuts or heals one.</summary>
    <div class="scrolls" tabindex="0" role="group" aria-label="Table of links">
      <table class="matrix">
        <thead><tr><th scope="col">from</th>${names.map((name) => html`<th scope="col" key=${name}>${name}</th>`)}</tr></thead>
        <tbody>${processes.map((from) => html`<tr key=${from.process}><th scope="row">${from.process}</th>${names.map((to) => cell(from, to))}</tr>`)}</tbody>
      </table>
    </div>
    ${others.length > 0 && html`<p>Other rules: ${others.map((rule) => html`<code key=${rule}>${rule}</code> `)}</p>`}
  </details>`;
}
